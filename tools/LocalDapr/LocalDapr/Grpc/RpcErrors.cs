using Google.Protobuf.WellKnownTypes;
using Google.Rpc;
using Grpc.Core;

namespace LocalDapr;

/// <summary>Converts errors to gRPC: a status, with details in its trailer.</summary>
internal static class RpcErrors
{
    public static RpcException ToRpcException(this ApiError error) => new Google.Rpc.Status
    {
        Code = (int)error.GrpcStatus,
        Message = error.Message,
        // daprd always sends a reason, as the last detail.
        Details = { error.Details.DefaultIfEmpty(ApiError.Info(error.Code)).OrderBy(detail => detail is ErrorInfo).Select(Any.Pack) },
    }.ToRpcException();
}
