//! The domain's words that hold text of the caller's, as the scan reads them.

use super::Readable;
use crate::types::{Command, Image, Labels, Volume};

impl Readable for Image {
    fn texts(&self, visit: &mut dyn FnMut(&str)) {
        visit(&self.to_string());
    }
}

impl Readable for Command {
    fn texts(&self, visit: &mut dyn FnMut(&str)) {
        self.arguments().iter().for_each(|argument| visit(argument));
    }
}

impl Readable for Labels {
    fn texts(&self, visit: &mut dyn FnMut(&str)) {
        for (key, value) in self.iter() {
            visit(key);
            visit(value);
        }
    }
}

impl Readable for Volume {
    fn texts(&self, visit: &mut dyn FnMut(&str)) {
        visit(&self.to_json().to_string());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secrets::{HfToken, Known, Scan};

    /// No shape of the Hub: found by value alone.
    const LOGIN: &str = "local-hub-0123456789";

    fn holds_login(value: impl Readable) -> bool {
        let known = Known::new();
        known.remember_token(&HfToken::parse(LOGIN).unwrap().unwrap());
        Scan::new(&known).clear("field", value).is_err()
    }

    #[test]
    fn all_that_a_word_holds_is_read() {
        assert!(holds_login(Image::parse(&format!("registry.example/{LOGIN}:1")).unwrap()));
        assert!(holds_login(Command::new(vec!["echo".to_owned(), LOGIN.to_owned()]).unwrap()));
        for (key, value) in [(LOGIN, "x"), ("x", LOGIN)] {
            let mut labels = Labels::default();
            labels.insert(key, value).unwrap();
            assert!(holds_login(labels), "{key}");
        }
        assert!(holds_login(Volume::parse(&format!("hf://datasets/alice/{LOGIN}:/data")).unwrap()));
        assert!(!holds_login(Image::parse("busybox").unwrap()));
    }
}
