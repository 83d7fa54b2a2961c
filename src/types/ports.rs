//! Ports of a job that are reachable from outside.

use std::fmt;
use std::num::NonZeroU16;

use serde_json::{Value, json};

use super::limits::MAX_PORTS;
use super::wrong_kind;
use crate::error::Problem;

/// A TCP port, 1 to 65535.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Port(NonZeroU16);

impl Port {
    /// Reads decimal digits.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        let digits = text.trim();
        let port = if digits.bytes().all(|b| b.is_ascii_digit()) { digits.parse().ok() } else { None };
        port.map(Self).ok_or_else(|| Problem::malformed(text, "a port from 1 to 65535"))
    }

    /// Reads a JSON number or a string of digits.
    pub fn from_json(value: &Value) -> Result<Self, Problem> {
        match value {
            Value::Number(number) => Self::parse(&number.to_string()),
            Value::String(text) => Self::parse(text),
            _ => Err(wrong_kind("a port number", value)),
        }
    }

    /// The number.
    pub fn get(self) -> u16 {
        self.0.get()
    }
}

impl fmt::Display for Port {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The ports that a job exposes, at most [`MAX_PORTS`], each once, and those of them that need no token.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Expose {
    ports: Vec<Port>,
    public: Vec<Port>,
}

impl Expose {
    /// Public ports are exposed, so they are added to the others where they are missing, as `hf jobs` does.
    pub fn new(ports: &[Port], public: &[Port]) -> Result<Self, Problem> {
        let mut exposed = Self::default();
        for port in public {
            push_once(&mut exposed.public, *port);
        }
        for port in ports.iter().chain(public) {
            push_once(&mut exposed.ports, *port);
        }
        if exposed.ports.len() > MAX_PORTS {
            let found = format!("{} ports", exposed.ports.len());
            return Err(Problem::malformed(found, format!("at most {MAX_PORTS} ports")));
        }
        Ok(exposed)
    }

    /// All exposed ports, in the order given.
    pub fn ports(&self) -> &[Port] {
        &self.ports
    }

    /// Those that anybody may reach.
    pub fn public(&self) -> &[Port] {
        &self.public
    }

    /// Whether nothing is exposed.
    pub fn is_empty(&self) -> bool {
        self.ports.is_empty()
    }

    /// The request's `expose`, and the body of a change of it.
    pub fn to_json(&self) -> Value {
        let numbers = |ports: &[Port]| ports.iter().map(|port| port.get()).collect::<Vec<_>>();
        json!({"ports": numbers(&self.ports), "portsPublic": numbers(&self.public)})
    }
}

fn push_once(ports: &mut Vec<Port>, port: Port) {
    if !ports.contains(&port) {
        ports.push(port);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_one_to_65535() {
        for (value, number) in [(json!(1), 1), (json!("8000"), 8000), (json!(65535), 65535)] {
            assert_eq!(Port::from_json(&value).unwrap().get(), number);
        }
        for value in
            [json!(0), json!(65536), json!(-1), json!(80.5), json!(""), json!("+80"), json!("http"), json!(null)]
        {
            assert!(Port::from_json(&value).is_err(), "{value}");
        }
    }

    #[test]
    fn public_ports_are_exposed_ports() {
        let port = |n: usize| Port::parse(&n.to_string()).unwrap();
        let expose = Expose::new(&[port(80), port(80)], &[port(90), port(90)]).unwrap();
        assert_eq!(expose.to_json(), json!({"ports": [80, 90], "portsPublic": [90]}));
        let ports: Vec<Port> = (1..=MAX_PORTS).map(port).collect();
        assert!(Expose::new(&ports, &ports).is_ok() && Expose::new(&ports, &[port(99)]).is_err());
        assert!(Expose::new(&[], &[]).unwrap().is_empty());
    }
}
