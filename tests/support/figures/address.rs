//! Addresses of this machine: all of 127.0.0.0/8 is.

use std::net::{Ipv4Addr, SocketAddr};

/// As many instances as are wanted have an address each, and none of them runs out of
/// ports.
///
/// # Panics
///
/// Beyond the 62,500 that there are.
pub fn numbered(number: usize) -> Ipv4Addr {
    let part = |value: usize| u8::try_from(value).expect("there are 62,500 of them");
    Ipv4Addr::new(127, 1, part(number / 250), part(1 + number % 250))
}

/// A socket that is connected to this port from that address.
///
/// # Errors
///
/// When nothing listens there.
pub async fn connect(from: Ipv4Addr, port: u16) -> std::io::Result<tokio::net::TcpStream> {
    let socket = tokio::net::TcpSocket::new_v4()?;
    socket.bind(SocketAddr::from((from, 0)))?;
    let stream = socket.connect(([127, 0, 0, 1], port).into()).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}
