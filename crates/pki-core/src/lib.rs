//! What may be issued, and issuing it: keys, profiles, policy, revocation and chain verification
