using Google.Protobuf.WellKnownTypes;
using Google.Rpc;
using Grpc.Core;

namespace LocalDapr;

/// <summary>Errors as daprd's gRPC API answers them: a status, and details in its trailer.</summary>
internal static class RpcErrors
{
    public static RpcException ToRpcException(this ApiError error) => new Google.Rpc.Status
    {
        Code = (int)error.GrpcStatus,
        Message = error.Message,
        // The reason last, and never without one.
        Details = { error.Details.DefaultIfEmpty(ApiError.Info(error.Code)).OrderBy(detail => detail is ErrorInfo).Select(Any.Pack) },
    }.ToRpcException();
}
