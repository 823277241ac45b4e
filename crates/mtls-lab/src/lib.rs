//! The mutual-TLS lab as data: scenarios, files and expected verdicts
