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
