//! One arithmetic kernel, compiled for the processor's wide vector instructions where it has them: rustc's own target
//! is the oldest x86-64, on which it takes three times as long.

/// The dot product of `query` with each row of `block` (as many numbers a row as `query` has), into `products`, which is
/// emptied first. Sums wrap: the caller sees to it that `Σ|query·row|` stays below 2³¹. A last, incomplete row is left
/// out.
pub fn row_products(query: &[i16], block: &[i8], products: &mut Vec<i32>) {
    products.clear();
    if query.is_empty() {
        return;
    }
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") {
        // SAFETY: the processor has AVX2, as was asked just now; the function is safe otherwise.
        #[allow(unsafe_code, reason = "a function for a processor that has been asked whether it can")]
        unsafe {
            row_products_avx2(query, block, products);
        }
        return;
    }
    row_products_anywhere(query, block, products);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn row_products_avx2(query: &[i16], block: &[i8], products: &mut Vec<i32>) {
    row_products_anywhere(query, block, products);
}

/// Inlined, so that each caller compiles it for its own instructions; that is also why it is a plain loop, since what
/// collects an iterator may be compiled apart. Wrapping, because checked sums cannot be vectorised.
#[inline(always)]
fn row_products_anywhere(query: &[i16], block: &[i8], products: &mut Vec<i32>) {
    products.resize(block.len() / query.len().max(1), 0);
    for (product, row) in products.iter_mut().zip(block.chunks_exact(query.len().max(1))) {
        let each = query.iter().zip(row).map(|(a, b)| i32::from(*a).wrapping_mul(i32::from(*b)));
        *product = each.fold(0_i32, i32::wrapping_add);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_processor_gets_the_same_products(
            query in prop::collection::vec(-8_191_i16..=8_191, 1..140),
            numbers in prop::collection::vec(any::<i8>(), 0..600),
        ) {
            let (mut products, mut plain) = (vec![7], Vec::new());
            row_products(&query, &numbers, &mut products);
            row_products_anywhere(&query, &numbers, &mut plain);
            prop_assert_eq!(&products, &plain);
            let by_hand: Vec<i32> = numbers
                .chunks_exact(query.len())
                .map(|row| query.iter().zip(row).map(|(a, b)| i32::from(*a) * i32::from(*b)).sum())
                .collect();
            prop_assert_eq!(products, by_hand);
        }
    }

    #[test]
    fn nothing_to_multiply_with_gives_no_products() {
        let mut products = vec![1];
        row_products(&[], &[1, 2, 3], &mut products);
        assert!(products.is_empty());
    }
}
