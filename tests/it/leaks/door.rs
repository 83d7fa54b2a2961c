//! At the door of HTTP.
