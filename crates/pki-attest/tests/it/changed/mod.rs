//! Evidence with one thing changed, in each way: nothing is accepted that was not there before.
//!
//! The evidence is a simulator's. With `PKI_ATTEST_SAMPLES`, which names a directory of genuine evidence, it is that, too.

mod android;
mod apple;
mod cbor;
mod genuine;

/// A moment in the middle of what simulators make.
const NOW: time::OffsetDateTime = time::macros::datetime!(2026-11-27 12:00 UTC);

/// The octets with each one changed in its turn, and its place: in one bit, in the first one, and in all.
fn each_octet_changed(octets: &[u8]) -> impl Iterator<Item = (usize, Vec<u8>)> {
    (0..octets.len()).flat_map(move |at| {
        let bit = 1_u8 << (at % 8);
        let changes = [bit, 0x80, 0xff].into_iter();
        changes.map(move |xor| {
            let mut changed = octets.to_vec();
            changed[at] ^= xor;
            (at, changed)
        })
    })
}

/// The list without each of its elements, with each twice, with each two neighbours exchanged, from the end, and begun
/// at each other place.
fn each_order<T: Clone>(list: &[T]) -> Vec<Vec<T>> {
    let mut orders = Vec::new();
    for at in 0..list.len() {
        let mut less = list.to_vec();
        let element = less.remove(at);
        orders.push(less);
        let mut more = list.to_vec();
        more.insert(at, element);
        orders.push(more);
    }
    for at in 1..list.len() {
        let mut exchanged = list.to_vec();
        exchanged.swap(at - 1, at);
        orders.push(exchanged);
        let mut rotated = list.to_vec();
        rotated.rotate_left(at);
        orders.push(rotated);
        orders.push(list[..at].to_vec());
    }
    orders.push(list.iter().rev().cloned().collect());
    orders
}
