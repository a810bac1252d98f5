//! What is said to etcd: by gRPC, and through its JSON gateway.
//!
//! The messages are those of etcd's `rpc.proto`, with the fields that are needed here.

use std::error::Error;

use bytes::{BufMut as _, Bytes, BytesMut};
use http_body_util::{BodyExt as _, Full};
use hyper::Request;
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use prost::Message;
use tokio::net::TcpStream;

type BoxError = Box<dyn Error + Send + Sync>;

#[derive(Clone, PartialEq, Message)]
pub(crate) struct RangeRequest {
    #[prost(bytes = "bytes", tag = "1")]
    pub key: Bytes,
    #[prost(bytes = "bytes", tag = "2")]
    pub range_end: Bytes,
    /// What this member has, without asking the others.
    #[prost(bool, tag = "7")]
    pub serializable: bool,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct RangeResponse {
    #[prost(int64, tag = "4")]
    pub count: i64,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct PutRequest {
    #[prost(bytes = "bytes", tag = "1")]
    pub key: Bytes,
    #[prost(bytes = "bytes", tag = "2")]
    pub value: Bytes,
    #[prost(int64, tag = "3")]
    pub lease: i64,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct DeleteRangeRequest {
    #[prost(bytes = "bytes", tag = "1")]
    pub key: Bytes,
    #[prost(bytes = "bytes", tag = "2")]
    pub range_end: Bytes,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct LeaseGrantRequest {
    #[prost(int64, tag = "1")]
    pub ttl: i64,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct LeaseGrantResponse {
    #[prost(int64, tag = "2")]
    pub id: i64,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct LeaseRevokeRequest {
    #[prost(int64, tag = "1")]
    pub id: i64,
}

/// Of no interest.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct Nothing {}

/// An HTTP/2 connection; its clones share it.
#[derive(Clone, Debug)]
pub(crate) struct Grpc {
    sender: http2::SendRequest<Full<Bytes>>,
    authority: String,
}

impl Grpc {
    pub(crate) async fn open(port: u16) -> Result<Self, BoxError> {
        let stream = TcpStream::connect(("127.0.0.1", port)).await?;
        stream.set_nodelay(true)?;
        let io = TokioIo::new(stream);
        let (sender, connection) = http2::handshake(TokioExecutor::new(), io).await?;
        // It ends when the last sender is dropped.
        tokio::spawn(async move {
            let _ = connection.await;
        });
        let authority = format!("127.0.0.1:{port}");
        Ok(Self { sender, authority })
    }

    pub(crate) async fn range(&mut self, request: &RangeRequest) -> Result<i64, BoxError> {
        let answer: RangeResponse = self.call("/etcdserverpb.KV/Range", request).await?;
        Ok(answer.count)
    }

    pub(crate) async fn put(&mut self, request: &PutRequest) -> Result<(), BoxError> {
        self.call::<Nothing>("/etcdserverpb.KV/Put", request)
            .await?;
        Ok(())
    }

    pub(crate) async fn delete(&mut self, prefix: &str) -> Result<(), BoxError> {
        let request = DeleteRangeRequest {
            key: Bytes::copy_from_slice(prefix.as_bytes()),
            range_end: end_of(prefix),
        };
        self.call::<Nothing>("/etcdserverpb.KV/DeleteRange", &request)
            .await?;
        Ok(())
    }

    pub(crate) async fn grant(&mut self, ttl: i64) -> Result<i64, BoxError> {
        let request = LeaseGrantRequest { ttl };
        let answer: LeaseGrantResponse = self
            .call("/etcdserverpb.Lease/LeaseGrant", &request)
            .await?;
        Ok(answer.id)
    }

    /// Deletes what was put with it, too.
    pub(crate) async fn revoke(&mut self, id: i64) -> Result<(), BoxError> {
        let request = LeaseRevokeRequest { id };
        self.call::<Nothing>("/etcdserverpb.Lease/LeaseRevoke", &request)
            .await?;
        Ok(())
    }

    async fn call<A: Message + Default>(
        &mut self,
        method: &str,
        message: &impl Message,
    ) -> Result<A, BoxError> {
        let length = message.encoded_len();
        let mut framed = BytesMut::with_capacity(5 + length);
        framed.put_u8(0);
        framed.put_u32(u32::try_from(length)?);
        message.encode(&mut framed)?;
        let request = Request::post(format!("http://{}{method}", self.authority))
            .header("content-type", "application/grpc")
            .header("te", "trailers")
            .body(Full::new(framed.freeze()))?;
        self.sender.ready().await?;
        let answer = self.sender.send_request(request).await?;
        let refused = answer.headers().get("grpc-message").cloned();
        let collected = answer.into_body().collect().await?;
        let status = collected.trailers().and_then(|t| t.get("grpc-status"));
        if status.is_none_or(|status| status != "0") {
            let trailers = collected.trailers().cloned();
            return Err(format!("{method}: {refused:?} {trailers:?}").into());
        }
        let body = collected.to_bytes();
        let message = body.get(5..).ok_or("an answer without a message")?;
        Ok(A::decode(message)?)
    }
}

/// The end of the range of all keys with this prefix.
pub(crate) fn end_of(prefix: &str) -> Bytes {
    let mut end = prefix.as_bytes().to_vec();
    if let Some(last) = end.last_mut() {
        // Prefixes here end with a slash.
        *last += 1;
    }
    end.into()
}

/// Bytes as the JSON gateway has them.
pub(crate) fn base64(bytes: &[u8]) -> String {
    use ::base64::Engine as _;
    ::base64::engine::general_purpose::STANDARD.encode(bytes)
}
