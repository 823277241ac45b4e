//! A CA in its home: made, used and rotated.

mod init;
mod issuing;
mod misuse;
mod records;
mod roll_over;
mod rotate;
mod store;
