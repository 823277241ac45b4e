//! Statements that run with many sets of parameters.

use super::value::{Row, Value};

/// A statement that runs with many sets of parameters.
#[derive(Clone, Copy)]
pub(crate) enum Many<'a> {
    /// One that changes something, each time by itself.
    Change(&'a str),
    /// Adds a row: the table and its columns, and what follows the values. If that returns anything, it does so for each
    /// row.
    Insert { into: &'a str, rest: &'a str },
    /// One that reads.
    Select(&'a str),
}

/// A statement and its sets of parameters.
pub(crate) type Work<'a> = (Many<'a>, Vec<Vec<Value>>);

/// The rows for each set.
pub(crate) type Answers = Vec<Vec<Row>>;

impl Many<'_> {
    /// As text, for one set of `width` parameters.
    pub(super) fn for_one(self, width: usize) -> String {
        match self {
            Self::Change(sql) | Self::Select(sql) => sql.to_owned(),
            Self::Insert { into, rest } => {
                let values = numbered(width, |number| format!("${number}"));
                format!("INSERT INTO {into} VALUES ({values}) {rest}")
            }
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
            Self::Change(_) => None,
            Self::Insert { into, rest } => Some(format!(
                "INSERT INTO {into} SELECT {columns} FROM {sets} ORDER BY number {rest}"
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
        assert_eq!(
            Many::Change("UPDATE t SET a = $1").for_many(&["text"]),
            None
        );
    }
}
