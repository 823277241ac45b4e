//! Values and rows, as PostgreSQL takes and gives them.

use bytes::BytesMut;
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};

use super::error::translate;
use crate::StoreError;
use crate::database::{Row, Value};

impl ToSql for Value {
    fn to_sql(
        &self,
        kind: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match self {
            Self::Null => Ok(IsNull::Yes),
            Self::Int(number) => number.to_sql(kind, out),
            Self::Text(text) => text.to_sql(kind, out),
            Self::Blob(bytes) => bytes.to_sql(kind, out),
        }
    }

    fn accepts(kind: &Type) -> bool {
        [Type::INT8, Type::TEXT, Type::BYTEA].contains(kind)
    }

    to_sql_checked!();
}

pub(super) fn owned(row: &tokio_postgres::Row) -> Result<Row, StoreError> {
    let value = |(column, kind): (usize, &Type)| {
        let value = if *kind == Type::INT8 {
            row.try_get::<_, Option<i64>>(column).map(Value::from)
        } else if *kind == Type::INT4 {
            let number = row.try_get::<_, Option<i32>>(column);
            number.map(|number| Value::from(number.map(i64::from)))
        } else if *kind == Type::BYTEA {
            row.try_get::<_, Option<Vec<u8>>>(column).map(Value::from)
        } else {
            row.try_get::<_, Option<String>>(column).map(Value::from)
        };
        value.map_err(translate)
    };
    let columns = row.columns().iter().map(tokio_postgres::Column::type_);
    columns
        .enumerate()
        .map(value)
        .collect::<Result<_, _>>()
        .map(Row)
}
