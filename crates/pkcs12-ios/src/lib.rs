//! A key and its certificates as a PKCS#12 file that every device imports
