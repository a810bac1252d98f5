//! See the tests beside this file.
