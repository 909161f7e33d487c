/// Gives roles to signers so that as many roles as possible are taken: a signer gets one role at most, and a role one
/// signer.
///
/// `fits` lists for each signer the roles that he may have, from 0 to `roles`. The result says for each role whose it
/// is. Augmenting paths (Kuhn): whoever can move to another role makes room.
pub(super) fn assign(fits: &[Vec<usize>], roles: usize) -> Vec<Option<usize>> {
    let mut taken = vec![None; roles];
    for signer in 0..fits.len() {
        place(signer, fits, &mut taken, &mut vec![false; roles]);
    }
    taken
}

/// Finds a role for one more signer; says whether there is one. Each role is looked at once, so this ends.
fn place(signer: usize, fits: &[Vec<usize>], taken: &mut [Option<usize>], seen: &mut [bool]) -> bool {
    for role in fits.get(signer).into_iter().flatten().copied() {
        match seen.get_mut(role) {
            Some(seen) if !*seen => *seen = true,
            _ => continue,
        }
        let holder = taken.get(role).copied().flatten();
        if holder.is_none_or(|holder| place(holder, fits, taken, seen)) {
            if let Some(place) = taken.get_mut(role) {
                *place = Some(signer);
            }
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(fits: &[&[usize]], roles: usize) -> usize {
        let fits: Vec<Vec<usize>> = fits.iter().map(|roles| roles.to_vec()).collect();
        let taken = assign(&fits, roles);
        let signers: Vec<usize> = taken.iter().flatten().copied().collect();
        for (role, signer) in taken.iter().enumerate().filter_map(|(role, signer)| Some((role, (*signer)?))) {
            assert!(fits[signer].contains(&role), "{signer} does not fit {role}");
            assert_eq!(signers.iter().filter(|other| **other == signer).count(), 1, "{signer} counts twice");
        }
        signers.len()
    }

    #[test]
    fn takes_as_many_roles_as_there_can_be() {
        let cases: [(&[&[usize]], usize, usize); 9] = [
            (&[], 2, 0),
            (&[&[]], 2, 0),
            (&[&[0, 1]], 2, 1),
            (&[&[0], &[0]], 2, 1),
            // Whoever comes first takes the first role that fits, and leaves none for the second one.
            (&[&[0, 1], &[0]], 2, 2),
            (&[&[0, 1], &[0, 2], &[0]], 3, 3),
            // The room is made at the end of a row of moves.
            (&[&[0, 1], &[1, 2], &[2, 3], &[0]], 4, 4),
            (&[&[0, 1], &[0, 1], &[0, 1], &[2]], 3, 3),
            (&[&[0], &[1], &[0, 1]], 3, 2),
        ];
        for (fits, roles, expected) in cases {
            assert_eq!(count(fits, roles), expected, "{fits:?}");
        }
    }

    #[test]
    fn agrees_with_trying_everything() {
        // Every way in which three signers may fit three roles.
        for code in 0..512_usize {
            let fits: Vec<Vec<usize>> =
                (0..3).map(|signer| (0..3).filter(|role| code >> (signer * 3 + role) & 1 == 1).collect()).collect();
            let best = (0..64).filter_map(|choice: usize| chosen(&fits, choice)).max().unwrap();
            let fits: Vec<&[usize]> = fits.iter().map(Vec::as_slice).collect();
            assert_eq!(count(&fits, 3), best, "{fits:?}");
        }
    }

    /// How many roles are taken where `choice` says in base 4 who has which (3 is none); `None` where that cannot be.
    fn chosen(fits: &[Vec<usize>], choice: usize) -> Option<usize> {
        let roles: Vec<usize> = (0..3).map(|signer| choice >> (signer * 2) & 3).collect();
        let had: Vec<(usize, usize)> = roles.into_iter().enumerate().filter(|(_, role)| *role != 3).collect();
        let is_twice = |role| had.iter().filter(|(_, other)| *other == role).count() > 1;
        let fits = had.iter().all(|(signer, role)| fits[*signer].contains(role) && !is_twice(*role));
        fits.then_some(had.len())
    }
}
