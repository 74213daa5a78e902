using Google.Protobuf.WellKnownTypes;
using Google.Rpc;
using Grpc.Core;

namespace LocalDapr;

/// <summary>Errors as daprd's gRPC API answers them: a status, and details in its trailer.</summary>
internal static class RpcErrors
{
    public static RpcException ToRpcException(this ApiError error)
    {
        var status = new Google.Rpc.Status { Code = (int)error.GrpcStatus, Message = error.Message };
        var details = error.Details ?? new ErrorDetails(error.Code, null);
        if (details.ResourceType is not null)
        {
            status.Details.Add(Any.Pack(new ResourceInfo
            {
                ResourceType = details.ResourceType,
                ResourceName = details.ResourceName,
                Description = details.ResourceDescription,
            }));
        }

        if (details.Field is not null)
        {
            var violation = new BadRequest.Types.FieldViolation { Field = details.Field, Description = details.FieldProblem };
            status.Details.Add(Any.Pack(new BadRequest { FieldViolations = { violation } }));
        }

        var info = new ErrorInfo { Reason = details.Reason, Domain = ErrorDetails.Domain };
        foreach (var (name, value) in details.Metadata ?? new Dictionary<string, string>())
        {
            info.Metadata[name] = value;
        }

        status.Details.Add(Any.Pack(info));
        return status.ToRpcException();
    }
}
