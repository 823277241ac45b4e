//! Addresses of pages.

/// `path` with these names and values behind it; what is empty is left out.
pub(crate) fn link(base: &str, path: &str, query: &[(&str, &str)]) -> String {
    let mut fields = form_urlencoded::Serializer::new(String::new());
    fields.extend_pairs(query.iter().filter(|(_, value)| !value.is_empty()));
    let query = fields.finish();
    match query.is_empty() {
        true => format!("{base}{path}"),
        false => format!("{base}{path}?{query}"),
    }
}

/// A serial number, and the search that finds its certificate.
pub(crate) fn by_serial(base: &str, serial: impl Into<String>) -> (String, String) {
    let serial = serial.into();
    let query = [("by", "serial"), ("q", serial.as_str()), ("own", "yes")];
    let address = link(base, "/certificates", &query);
    (serial, address)
}

#[cfg(test)]
mod tests {
    use super::link;

    #[test]
    fn values_are_encoded_and_empty_ones_left_out() {
        assert_eq!(link("", "/a", &[("b", "")]), "/a");
        assert_eq!(
            link(
                "/console",
                "/a",
                &[("b", "x&y=\"z\""), ("c", ""), ("d", "*.e")]
            ),
            "/console/a?b=x%26y%3D%22z%22&d=*.e"
        );
    }
}
