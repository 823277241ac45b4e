//! CBOR as a tree, written as it should be and as it should not be.

use minicbor::Decoder;
use minicbor::data::Type;

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Cbor {
    Number(u8),
    Bytes(Vec<u8>),
    Text(String),
    Array(Vec<Cbor>),
    Map(Vec<(String, Cbor)>),
    Null,
    Float(f32),
    Tagged(Box<Cbor>),
}

/// How one value of a tree is written.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Form {
    /// With a length that says that it ends somewhere.
    Indefinite,
    /// With a length of so many.
    Length(u64),
}

/// One of each type.
pub(super) fn others() -> Vec<Cbor> {
    vec![
        Cbor::Number(0),
        Cbor::Bytes(Vec::new()),
        Cbor::Text(String::new()),
        Cbor::Array(Vec::new()),
        Cbor::Map(Vec::new()),
        Cbor::Null,
        Cbor::Float(1.0),
        Cbor::Tagged(Box::new(Cbor::Bytes(Vec::new()))),
    ]
}

impl Cbor {
    pub(super) fn read(bytes: &[u8]) -> Self {
        Self::next(&mut Decoder::new(bytes))
    }

    fn next(decoder: &mut Decoder<'_>) -> Self {
        match decoder.datatype().unwrap() {
            Type::Bytes => Self::Bytes(decoder.bytes().unwrap().to_vec()),
            Type::String => Self::Text(decoder.str().unwrap().to_owned()),
            Type::Array => {
                let count = decoder.array().unwrap().unwrap();
                Self::Array((0..count).map(|_| Self::next(decoder)).collect())
            }
            Type::Map => {
                let count = decoder.map().unwrap().unwrap();
                let entries = (0..count).map(|_| {
                    let key = decoder.str().unwrap().to_owned();
                    (key, Self::next(decoder))
                });
                Self::Map(entries.collect())
            }
            other => panic!("{other}"),
        }
    }

    pub(super) fn written(&self) -> Vec<u8> {
        self.written_with(usize::MAX, Form::Indefinite)
    }

    /// With the value of this number, in the order of writing, in another form.
    pub(super) fn written_with(&self, number: usize, form: Form) -> Vec<u8> {
        let (mut octets, mut count) = (Vec::new(), 0);
        self.write(&mut octets, &mut count, (number, form));
        octets
    }

    /// How many values with a length there are.
    pub(super) fn count(&self) -> usize {
        let (mut octets, mut count) = (Vec::new(), 0);
        self.write(&mut octets, &mut count, (usize::MAX, Form::Indefinite));
        count
    }

    fn write(&self, to: &mut Vec<u8>, count: &mut usize, other: (usize, Form)) {
        let mut begin = |to: &mut Vec<u8>, major: u8, length: usize| {
            let form = (*count == other.0).then_some(other.1);
            *count += 1;
            match form {
                None => header(to, major, length as u64),
                Some(Form::Length(length)) => header(to, major, length),
                Some(Form::Indefinite) => to.push(major << 5 | 31),
            }
            form == Some(Form::Indefinite)
        };
        let is_open = match self {
            Self::Number(number) => return to.push(*number),
            Self::Null => return to.push(0xf6),
            Self::Float(number) => {
                to.push(0xfa);
                return to.extend(number.to_be_bytes());
            }
            Self::Tagged(inside) => {
                to.push(0xc0);
                return inside.write(to, count, other);
            }
            Self::Bytes(bytes) => {
                let is_open = begin(to, 2, bytes.len());
                if is_open {
                    header(to, 2, bytes.len() as u64);
                }
                to.extend(bytes);
                is_open
            }
            Self::Text(text) => {
                let is_open = begin(to, 3, text.len());
                if is_open {
                    header(to, 3, text.len() as u64);
                }
                to.extend(text.as_bytes());
                is_open
            }
            Self::Array(elements) => {
                let is_open = begin(to, 4, elements.len());
                elements.iter().for_each(|it| it.write(to, count, other));
                is_open
            }
            Self::Map(entries) => {
                let is_open = begin(to, 5, entries.len());
                for (key, value) in entries {
                    Self::Text(key.clone()).write(to, count, other);
                    value.write(to, count, other);
                }
                is_open
            }
        };
        if is_open {
            to.push(0xff);
        }
    }

    pub(super) fn entries(&self) -> &[(String, Self)] {
        match self {
            Self::Map(entries) => entries,
            other => panic!("{other:?}"),
        }
    }

    pub(super) fn get(&self, key: &str) -> &Self {
        let mut entries = self.entries().iter();
        &entries.find(|(name, _)| name == key).unwrap().1
    }

    /// With another value at a path of keys.
    pub(super) fn with(&self, path: &[&str], value: Self) -> Self {
        let Some((key, rest)) = path.split_first() else {
            return value;
        };
        let mut entries = self.entries().to_vec();
        let entry = entries.iter_mut().find(|(name, _)| name == key).unwrap();
        entry.1 = entry.1.with(rest, value);
        Self::Map(entries)
    }
}

fn header(to: &mut Vec<u8>, major: u8, length: u64) {
    let first = major << 5;
    match length {
        0..24 => to.push(first | length as u8),
        24..0x100 => to.extend([first | 24, length as u8]),
        0x100..0x1_0000 => {
            to.push(first | 25);
            to.extend((length as u16).to_be_bytes());
        }
        _ => {
            to.push(first | 27);
            to.extend(length.to_be_bytes());
        }
    }
}
