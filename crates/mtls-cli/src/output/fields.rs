//! Names and values under each other.

use std::fmt;

use super::plain::plain;

/// Lines of a name and a value, the values under each other.
#[derive(Debug, Default)]
pub(crate) struct Fields(Vec<(&'static str, String)>);

impl Fields {
    pub(crate) fn add(&mut self, name: &'static str, value: impl fmt::Display) -> &mut Self {
        self.0.push((name, plain(&value.to_string())));
        self
    }

    /// Several values, each on a line of its own; nothing where there are none.
    pub(crate) fn add_all<I>(&mut self, name: &'static str, values: I) -> &mut Self
    where
        I: IntoIterator,
        I::Item: fmt::Display,
    {
        for (index, value) in values.into_iter().enumerate() {
            self.add(if index == 0 { name } else { "" }, value);
        }
        self
    }
}

impl fmt::Display for Fields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.0.iter().map(|(name, _)| name.len()).max();
        let width = width.unwrap_or(0) + 2;
        for (index, (name, value)) in self.0.iter().enumerate() {
            let end = if index == 0 { "" } else { "\n" };
            write!(f, "{end}  {name:width$}{value}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_value_is_obeyed_by_a_terminal() {
        let mut fields = Fields::default();
        fields.add("name", "x\u{1b}[2J\u{202e}");
        assert_eq!(fields.to_string(), "  name  x\\u{1b}[2J\\u{202e}");
    }
}
