using Dapr.Client.Autogen.Grpc.v1;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Grpc.AspNetCore.Server.Model;
using Grpc.Core;

namespace LocalDapr;

/// <summary>Registers the supported methods of <c>dapr.proto.runtime.v1.Dapr</c>; all others return Unimplemented.</summary>
/// <remarks>Needed because Dapr.Protos has the messages and the client, but no server base class.</remarks>
internal sealed class DaprMethods : IServiceMethodProvider<DaprService>
{
    private const string Service = "dapr.proto.runtime.v1.Dapr";

    public void OnServiceMethodDiscovery(ServiceMethodProviderContext<DaprService> context)
    {
        Add<GetStateRequest, GetStateResponse>(context, "GetState", (service, request, app, _) => service.GetStateAsync(app, request));
        Add<GetBulkStateRequest, GetBulkStateResponse>(context, "GetBulkState", (service, request, app, _) => service.GetBulkStateAsync(app, request));
        Add<SaveStateRequest, Empty>(context, "SaveState", (service, request, app, _) => service.SaveStateAsync(app, request));
        Add<DeleteStateRequest, Empty>(context, "DeleteState", (service, request, app, _) => service.DeleteStateAsync(app, request));
        Add<DeleteBulkStateRequest, Empty>(context, "DeleteBulkState", (service, request, app, _) => service.DeleteBulkStateAsync(app, request));
        Add<ExecuteStateTransactionRequest, Empty>(
            context, "ExecuteStateTransaction", (service, request, app, _) => service.ExecuteStateTransactionAsync(app, request));
        Add<PublishEventRequest, Empty>(context, "PublishEvent", (service, request, app, call) => service.PublishEventAsync(app, request, call));
        foreach (var name in new[] { "BulkPublishEvent", "BulkPublishEventAlpha1" })
        {
            Add<BulkPublishRequest, BulkPublishResponse>(context, name, (service, request, app, call) => service.BulkPublishEventAsync(app, request, call));
        }

        Add<GetMetadataRequest, GetMetadataResponse>(context, "GetMetadata", (_, _, app, _) => Task.FromResult(DaprService.GetMetadata(app)));
        Add<SetMetadataRequest, Empty>(context, "SetMetadata", (_, request, app, _) => Task.FromResult(DaprService.SetMetadata(app, request)));
        Add<ShutdownRequest, Empty>(context, "Shutdown", (service, _, app, call) => Task.FromResult(service.Shutdown(app, call)));
    }

    private static void Add<TRequest, TResponse>(
        ServiceMethodProviderContext<DaprService> context, string name, Func<DaprService, TRequest, AppSide, ServerCallContext, Task<TResponse>> handle)
        where TRequest : class, IMessage<TRequest>, new()
        where TResponse : class, IMessage<TResponse>, new() =>
        context.AddUnaryMethod(
            new Method<TRequest, TResponse>(MethodType.Unary, Service, name, MarshallerOf<TRequest>(), MarshallerOf<TResponse>()),
            [],
            (service, request, call) => service.ServeAsync(call, app => handle(service, request, app, call)));

    private static Marshaller<T> MarshallerOf<T>()
        where T : class, IMessage<T>, new()
    {
        var parser = new MessageParser<T>(() => new T());
        return Marshallers.Create(
            (message, context) =>
            {
                context.SetPayloadLength(message.CalculateSize());
                message.WriteTo(context.GetBufferWriter());
                context.Complete();
            },
            context => parser.ParseFrom(context.PayloadAsReadOnlySequence()));
    }
}
