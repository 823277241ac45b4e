//! Fermat's method: two factors close to each other are found near the square root of their product.

use crypto_bigint::{Limb, NonZero, Uint};

/// Whether 100 rounds find factors: n = a² - b², for an a of the hundred next numbers above the root of n.
///
/// A square itself is found in the first.
pub(super) fn factors<const LIMBS: usize>(n: &Uint<LIMBS>) -> bool {
    let root = n.floor_sqrt_vartime();
    if root.wrapping_square() == *n {
        return true;
    }
    // (a + i)² - n = (a² - n) + 2 a i + i², whose first term is below 2 a + 1, so that nothing wraps around.
    let a = root.wrapping_add(&Uint::ONE);
    let first = a.wrapping_square().wrapping_sub(n);
    let (small_a, small_first) = (small(&a), small(&first));
    let may_be_square = |i: u64| {
        let mut filters = FILTERS.iter();
        filters.all(|(modulus, squares)| {
            let number = small_first.modulo(*modulus) + 2 * i * small_a.modulo(*modulus) + i * i;
            squares[usize::try_from(number % modulus).unwrap_or_default()]
        })
    };
    (0..ROUNDS).filter(|i| may_be_square(*i)).any(|i| {
        let i = Uint::from_u64(i);
        let between = a.wrapping_add(&a).wrapping_mul(&i);
        let b_squared = first
            .wrapping_add(&between)
            .wrapping_add(&i.wrapping_mul(&i));
        b_squared.floor_sqrt_vartime().wrapping_square() == b_squared
    })
}

/// A number, as far as the filters look at it.
#[derive(Clone, Copy)]
struct Small {
    modulo_64: u64,
    modulo_product: u64,
}

impl Small {
    /// Modulo one of the filters.
    fn modulo(self, modulus: u64) -> u64 {
        match modulus {
            64 => self.modulo_64,
            modulus => self.modulo_product % modulus,
        }
    }
}

fn small<const LIMBS: usize>(number: &Uint<LIMBS>) -> Small {
    let product = NonZero::<Limb>::new_unwrap(Limb::from_u32(PRODUCT));
    Small {
        modulo_64: u64::from(number.as_limbs()[0].0 as u8 % 64),
        modulo_product: u64::from(number.rem_limb(product).0 as u32),
    }
}

/// Moduli with their squares: one number in 800 that is not a square passes all.
const FILTERS: [(u64, [bool; 65]); 7] = [
    (64, squares(64)),
    (63, squares(63)),
    (65, squares(65)),
    (11, squares(11)),
    (17, squares(17)),
    (19, squares(19)),
    (23, squares(23)),
];

const PRODUCT: u32 = 63 * 65 * 11 * 17 * 19 * 23;

const fn squares(modulus: usize) -> [bool; 65] {
    let mut squares = [false; 65];
    let mut root = 0;
    while root < modulus {
        squares[root * root % modulus] = true;
        root += 1;
    }
    squares
}

/// CABF BR 6.1.1.3 (5).
const ROUNDS: u64 = 100;

#[cfg(test)]
mod tests {
    use crypto_bigint::U2048;

    use super::*;

    #[test]
    fn what_is_within_a_hundred_rounds_is_found_and_what_is_beyond_is_not() {
        let of = |p: u64, q: u64| factors(&U2048::from_u128(u128::from(p) * u128::from(q)));
        assert!(of(1_000_003, 1_000_003));
        assert!(of(1_000_003, 1_000_033));
        // a - floor(root) is (root of p - root of q)² / 2.
        let root = 1_000_000_000_u64;
        for (difference, found) in [(0, true), (10, true), (440_000, true), (460_000, false)] {
            let (p, q) = (root + 2 * difference + 1, root + 1);
            assert_eq!(of(p, q), found, "{difference}");
        }
    }
}
