//! The modulus modulo small primes: small factors, and the fingerprint of ROCA.

use std::sync::LazyLock;

use crypto_bigint::{Limb, NonZero, Reciprocal, Uint, Word};

use super::error::WeakKey;

/// Refuses a modulus with a prime factor below 752, and one whose residues are those of ROCA.
pub(super) fn check<const LIMBS: usize>(modulus: &Uint<LIMBS>) -> Result<(), WeakKey> {
    let mut is_roca = true;
    for group in GROUPS.iter() {
        let residue = modulus.rem_limb_with_reciprocal(&group.reciprocal).0;
        for prime in &group.primes {
            let residue = (residue % Word::from(prime.value)) as usize;
            if residue == 0 {
                let factor = u32::from(prime.value);
                return Err(WeakKey::SmallFactor { factor });
            }
            is_roca &= prime.powers.get(residue).is_none_or(|is| *is);
        }
    }
    if is_roca {
        return Err(WeakKey::Roca);
    }
    Ok(())
}

/// Primes whose product is a word, so that one division of the modulus serves them all.
struct Group {
    reciprocal: Reciprocal,
    primes: Vec<Prime>,
}

struct Prime {
    value: u16,
    /// Which residues are powers of 65537; for primes that ROCA says nothing about, empty.
    ///
    /// Its primes are k M + (65537^a mod M), M being the product of the first 39 primes or more: modulo each of those a
    /// power of 65537, and so is the product of two (Nemec et al., "The Return of Coppersmith's Attack", 2017).
    powers: Vec<bool>,
}

static GROUPS: LazyLock<Vec<Group>> = LazyLock::new(|| {
    let mut groups = Vec::new();
    let (mut product, mut primes): (Word, _) = (1, Vec::new());
    for value in (2..LIMIT).filter(|number| is_prime(*number)) {
        if let Some(larger) = product.checked_mul(Word::from(value)) {
            product = larger;
        } else {
            groups.push(Group::of(product, std::mem::take(&mut primes)));
            product = Word::from(value);
        }
        primes.push(Prime::of(value));
    }
    groups.push(Group::of(product, primes));
    groups
});

impl Group {
    fn of(product: Word, primes: Vec<Prime>) -> Self {
        let divisor = NonZero::<Limb>::new_unwrap(Limb(product));
        Self {
            reciprocal: Reciprocal::new(divisor),
            primes,
        }
    }
}

impl Prime {
    fn of(value: u16) -> Self {
        // Every odd number is a power of 65537 modulo 2.
        if value == 2 || value > LAST_OF_ROCA {
            return Self {
                value,
                powers: Vec::new(),
            };
        }
        let prime = usize::from(value);
        let mut powers = vec![false; prime];
        let mut power = 1;
        while !powers[power] {
            powers[power] = true;
            power = power * 65537 % prime;
        }
        Self { value, powers }
    }
}

fn is_prime(number: u16) -> bool {
    (2..number)
        .take_while(|factor| factor * factor <= number)
        .all(|factor| !number.is_multiple_of(factor))
}

/// CABF BR 6.1.6: "no factors smaller than 752".
const LIMIT: u16 = 752;

/// The 39th prime: the keys of 512 bits on have at least these in M.
const LAST_OF_ROCA: u16 = 167;

#[cfg(test)]
mod tests {
    use crypto_bigint::U2048;

    use super::*;

    #[test]
    fn the_smallest_factor_is_found_up_to_the_limit() {
        for (number, factor) in [(2 * 751, 2), (9, 3), (751 * 757, 751), (743 * 751, 743)] {
            let checked = check(&U2048::from_u32(number));
            assert_eq!(checked, Err(WeakKey::SmallFactor { factor }), "{number}");
        }
        assert_eq!(check(&U2048::from_u32(757 * 761)), Ok(()));
    }

    #[test]
    fn what_is_a_power_of_65537_modulo_all_primes_of_roca_is_refused() {
        // 65537^2 itself is.
        assert_eq!(check(&U2048::from_u64(65537 * 65537)), Err(WeakKey::Roca));
        assert_eq!(check(&U2048::from_u64(65537 * 65539)), Ok(()));
    }

    #[test]
    fn chance_makes_one_key_in_a_hundred_million_look_like_roca() {
        let primes = GROUPS.iter().flat_map(|group| &group.primes);
        let likely: f64 = primes
            .filter(|prime| !prime.powers.is_empty())
            .map(|prime| {
                let powers = prime.powers.iter().filter(|is| **is).count();
                powers as f64 / f64::from(prime.value - 1)
            })
            .product();
        assert!(likely < 1e-8, "{likely}");
    }
}
