//! Statements that run with many sets of parameters.

use std::borrow::Cow;

use super::value::{Row, Value};

/// A statement that runs with many sets of parameters.
#[derive(Clone, Copy)]
pub(crate) enum Many<'a> {
    /// One that changes something, each time by itself.
    Change(&'a str),
    /// Adds a row: the table and its columns, and what follows the values. If that returns anything, it does so for each
    /// row.
    Insert { into: &'a str, rest: &'a str },
    /// Adds a row to a table that numbers its rows: the table and its columns. Answers with the number, and with the value
    /// in this column, which is the parameter at this place: so that it is known which row has the number.
    Numbered {
        into: &'a str,
        known_by: (&'a str, usize),
    },
    /// One that reads.
    Select(&'a str),
    /// One that changes rows, each time by itself, and answers with a row for each that it has changed. What is in that is
    /// not said.
    Update(&'a str),
}

/// A statement and its sets of parameters.
pub(crate) type Work<'a> = (Many<'a>, Vec<Vec<Value>>);

/// The rows for each set.
pub(crate) type Answers = Vec<Vec<Row>>;

impl Many<'_> {
    /// As text, for one set of `width` parameters, without what gives the answer of [`Numbered`](Self::Numbered) and
    /// [`Update`](Self::Update).
    pub(super) fn bare(&self, width: usize) -> Cow<'_, str> {
        let (into, rest) = match *self {
            Self::Change(sql) | Self::Select(sql) | Self::Update(sql) => return Cow::Borrowed(sql),
            Self::Insert { into, rest } => (into, rest),
            Self::Numbered { into, .. } => (into, ""),
        };
        let values = numbered(width, |number| format!("${number}"));
        Cow::Owned(format!("INSERT INTO {into} VALUES ({values}) {rest}"))
    }

    /// As text, for one set of `width` parameters.
    pub(super) fn for_one(&self, width: usize) -> Cow<'_, str> {
        match self {
            Self::Numbered { .. } => Cow::Owned(format!("{}{}", self.bare(width), self.answer())),
            Self::Update(sql) => Cow::Owned(format!("{sql} RETURNING 1")),
            _ => self.bare(width),
        }
    }

    /// What follows the values of a row that is added.
    fn answer(&self) -> Cow<'_, str> {
        match *self {
            Self::Insert { rest, .. } => Cow::Borrowed(rest),
            Self::Numbered { known_by, .. } => Cow::Owned(format!("RETURNING id, {}", known_by.0)),
            _ => Cow::Borrowed(""),
        }
    }

    /// As text for PostgreSQL, for many sets at once: a parameter is an array with a value of each set, of these types.
    /// What reads answers with the number of the set first, counted from 1. `None` for what runs one by one.
    pub(super) fn for_many(self, types: &[&str]) -> Option<String> {
        let width = types.len();
        let arrays = types.iter().enumerate();
        let arrays: Vec<_> = arrays
            .map(|(at, name)| format!("${}::{name}[]", at + 1))
            .collect();
        let columns = numbered(width, |number| format!("v{number}"));
        let sets = format!(
            "unnest({}) WITH ORDINALITY AS given ({columns}, number)",
            arrays.join(", ")
        );
        match self {
            Self::Change(_) | Self::Update(_) => None,
            Self::Insert { into, .. } | Self::Numbered { into, .. } => Some(format!(
                "INSERT INTO {into} SELECT {columns} FROM {sets} ORDER BY number {}",
                self.answer()
            )),
            Self::Select(sql) => {
                // The last first: $1 is the beginning of $10.
                let sql = (1..=width).rev().fold(sql.to_owned(), |sql, number| {
                    sql.replace(&format!("${number}"), &format!("given.v{number}"))
                });
                Some(format!(
                    "SELECT given.number, found.* FROM {sets}, LATERAL ({sql}) AS found ORDER BY given.number"
                ))
            }
        }
    }
}

fn numbered(width: usize, name: impl Fn(usize) -> String) -> String {
    (1..=width).map(name).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_for_many_has_an_array_for_each_parameter() {
        let sql = "SELECT a FROM t WHERE b = $1 AND c = $10 LIMIT 2";
        let types = ["bigint"; 10];
        let many = Many::Select(sql).for_many(&types);
        let many = many.expect("what reads");
        assert!(
            many.contains("LATERAL (SELECT a FROM t WHERE b = given.v1 AND c = given.v10 LIMIT 2)")
        );
        let insert = Many::Insert {
            into: "t (a, b)",
            rest: "RETURNING id",
        };
        assert_eq!(
            insert.for_one(2),
            "INSERT INTO t (a, b) VALUES ($1, $2) RETURNING id"
        );
        assert_eq!(
            insert.for_many(&["bytea", "text"]).expect("an insert"),
            "INSERT INTO t (a, b) SELECT v1, v2 FROM unnest($1::bytea[], $2::text[]) WITH ORDINALITY \
             AS given (v1, v2, number) ORDER BY number RETURNING id"
        );
        for one_by_one in [Many::Change, Many::Update] {
            assert_eq!(one_by_one("UPDATE t SET a = $1").for_many(&["text"]), None);
        }
    }

    #[test]
    fn what_answers_by_itself_does_so_in_postgresql_alone() {
        let added = Many::Numbered {
            into: "t (a, b)",
            known_by: ("b", 1),
        };
        assert_eq!(added.bare(2).trim(), "INSERT INTO t (a, b) VALUES ($1, $2)");
        assert_eq!(
            added.for_one(2),
            "INSERT INTO t (a, b) VALUES ($1, $2) RETURNING id, b"
        );
        let many = added.for_many(&["bytea", "text"]).expect("an insert");
        assert!(many.ends_with("ORDER BY number RETURNING id, b"), "{many}");
        let changed = Many::Update("UPDATE t SET a = $1");
        assert_eq!(changed.bare(1), "UPDATE t SET a = $1");
        assert_eq!(changed.for_one(1), "UPDATE t SET a = $1 RETURNING 1");
    }
}
