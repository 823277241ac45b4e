//! Whether two tables hold the same rows, in whatever order.

use sha2::{Digest as _, Sha256};

use crate::database::Value;

/// The number of rows, and the sum of their hashes: 256 bits, in four words.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Digest {
    rows: u64,
    sum: [u64; 4],
}

impl Digest {
    pub(super) fn rows(&self) -> u64 {
        self.rows
    }

    pub(super) fn add(&mut self, row: &[Value]) {
        let mut hash = Sha256::new();
        for value in row {
            let (kind, bytes) = match value {
                Value::Null => (0_u8, &[][..]),
                Value::Int(number) => (1, &number.to_be_bytes()[..]),
                Value::Text(text) => (2, text.as_bytes()),
                Value::Blob(bytes) => (3, bytes.as_slice()),
            };
            hash.update([kind]);
            hash.update(bytes.len().to_be_bytes());
            hash.update(bytes);
        }
        let hash: [u8; 32] = hash.finalize().into();
        for (word, bytes) in self.sum.iter_mut().zip(hash.as_chunks::<8>().0) {
            *word = word.wrapping_add(u64::from_be_bytes(*bytes));
        }
        self.rows += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(rows: &[&[Value]]) -> Digest {
        let mut digest = Digest::default();
        rows.iter().for_each(|row| digest.add(row));
        digest
    }

    #[test]
    fn the_order_of_rows_does_not_count_and_everything_else_does() {
        let (a, b) = ([Value::Int(1), Value::Null], [Value::Int(2), Value::Null]);
        assert_eq!(of(&[&a, &b]), of(&[&b, &a]));
        let text = |text: &str| Value::Text(text.into());
        let different: [&[&[Value]]; 7] = [
            &[],
            &[&a],
            &[&a, &a],
            &[&a, &b],
            &[&[Value::Null, Value::Int(1)]],
            &[&[text("ab"), text("c")]],
            &[&[text("a"), text("bc")]],
        ];
        for (one, left) in different.iter().enumerate() {
            for (other, right) in different.iter().enumerate() {
                assert_eq!(of(left) == of(right), one == other, "{one} {other}");
            }
        }
    }
}
