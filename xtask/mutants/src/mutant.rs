//! A change, without the place in its file, which moves with every edit.

use std::fmt;

/// What cargo-mutants changed, and in which file.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct Mutant {
    pub(crate) file: String,
    pub(crate) change: String,
}

impl Mutant {
    /// Reads a line such as `crates/a/src/b.rs:12:5: replace f -> bool with true`.
    pub(crate) fn parse(line: &str) -> Option<Self> {
        let (place, change) = line.split_once(": ")?;
        let mut place = place.rsplitn(3, ':');
        let (column, row, file) = (place.next()?, place.next()?, place.next()?);
        let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        (is_number(column) && is_number(row)).then(|| Self {
            file: file.replace('\\', "/"),
            change: change.to_owned(),
        })
    }
}

impl fmt::Display for Mutant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.file, self.change)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_read_without_its_place() {
        let mutant = Mutant::parse("crates/a/src/b.rs:12:5: replace f -> X::Y with X::default()");
        let mutant = mutant.map(|mutant| mutant.to_string());
        let expected = "crates/a/src/b.rs: replace f -> X::Y with X::default()";
        assert_eq!(mutant.as_deref(), Some(expected));
        assert_eq!(Mutant::parse("Found 12 mutants"), None);
        assert_eq!(Mutant::parse("a:b:c: replace"), None);
    }
}
