using Dapr.Client.Autogen.Grpc.v1;
using Google.Protobuf;
using Google.Protobuf.Collections;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Microsoft.Extensions.Logging;
using Concurrency = Dapr.Client.Autogen.Grpc.v1.StateOptions.Types.StateConcurrency;
using Consistency = Dapr.Client.Autogen.Grpc.v1.StateOptions.Types.StateConsistency;
using ItemToSave = Dapr.Client.Autogen.Grpc.v1.StateItem;

namespace LocalDapr;

/// <summary>The supported part of Dapr's gRPC API: messages ↔ items, writes and events.</summary>
internal sealed partial class DaprService(
    Func<int, AppSide?> appOfPort, Publishing publishing, StateStore states, ApiToken apiToken, Action<string> shutdown, ILogger logger)
{
    /// <summary>Authenticates a call and handles it for the app that owns the port.</summary>
    /// <exception cref="RpcException">The call is rejected or fails.</exception>
    public async Task<T> ServeAsync<T>(ServerCallContext call, Func<AppSide, Task<T>> handle)
    {
        var context = call.GetHttpContext();
        if (!apiToken.IsIn(context.Request.Headers))
        {
            var reason = context.Request.Headers.ContainsKey(ApiToken.Header) ? "authentication error: api token mismatch" : "missing api token in request metadata";
            throw ApiError.Unauthenticated(reason).ToRpcException();
        }

        var app = appOfPort(context.Connection.LocalPort) ?? throw new RpcException(new Status(StatusCode.Unavailable, "the sidecar is starting"));
        try
        {
            return await handle(app);
        }
        catch (StateWriteException failure)
        {
            throw failure.Error.ToRpcException();
        }
        catch (ObjectDisposedException)
        {
            // Nothing was acknowledged.
            throw new RpcException(new Status(StatusCode.Unavailable, "the sidecar is closing"));
        }
        catch (Exception failure) when (failure is not RpcException && !call.CancellationToken.IsCancellationRequested)
        {
            LogInternalError(logger, call.Method, app.AppId, failure);
            throw new RpcException(new Status(StatusCode.Internal, "the sidecar failed"));
        }
    }

    public async Task<GetStateResponse> GetStateAsync(AppSide app, GetStateRequest request)
    {
        var (item, error) = await states.GetAsync(app, StoreOf(app, request.StoreName), request.Key);
        Check(error);
        var response = new GetStateResponse();
        if (item is { } found)
        {
            response.Data = UnsafeByteOperations.UnsafeWrap(found.Value);
            response.Etag = found.ETag;
            AddExpiry(response.Metadata, found);
        }

        return response;
    }

    public async Task<GetBulkStateResponse> GetBulkStateAsync(AppSide app, GetBulkStateRequest request)
    {
        var (items, error) = await states.GetBulkAsync(app, StoreOf(app, request.StoreName), request.Keys);
        Check(error);
        var response = new GetBulkStateResponse();
        foreach (var (key, item) in request.Keys.Zip(items!))
        {
            var entry = new BulkStateItem { Key = key };
            if (item is { } found)
            {
                entry.Data = UnsafeByteOperations.UnsafeWrap(found.Value);
                entry.Etag = found.ETag;
                AddExpiry(entry.Metadata, found);
            }

            response.Items.Add(entry);
        }

        return response;
    }

    public async Task<Empty> SaveStateAsync(AppSide app, SaveStateRequest request)
    {
        var store = StoreOf(app, request.StoreName);
        var writes = request.States.Select(item => item.Key.Length > 0
            ? SaveOf(app, store, item, reason => ApiError.StateSave(500, store.Name, reason))
            : throw new StateWriteException(ApiError.StateKeyEmpty()));
        Check(await states.SaveAsync(app, store, [.. writes]));
        return new Empty();
    }

    public async Task<Empty> DeleteStateAsync(AppSide app, DeleteStateRequest request)
    {
        var store = StoreOf(app, request.StoreName);
        var write = DeletionOf(app, store, request.Key, request.Etag, request.Options, reason => ApiError.StateDelete(500, request.Key, reason));
        Check(await states.DeleteAsync(app, store, write, request.Key));
        return new Empty();
    }

    public async Task<Empty> DeleteBulkStateAsync(AppSide app, DeleteBulkStateRequest request)
    {
        var store = StoreOf(app, request.StoreName);
        var writes = request.States
            .Select(item => DeletionOf(app, store, item.Key, item.Etag, item.Options, reason => ApiError.StateBulkDelete(500, store.Name, reason)));
        Check(await states.DeleteBulkAsync(app, store, [.. writes]));
        return new Empty();
    }

    public async Task<Empty> ExecuteStateTransactionAsync(AppSide app, ExecuteStateTransactionRequest request)
    {
        var store = StoreOf(app, request.StoreName);
        var writes = request.Operations.Select(operation => (operation.OperationType, operation.Request) switch
        {
            ("upsert", { } item) => SaveOf(app, store, item, ApiError.StateTransaction),
            ("delete", { } item) => DeletionOf(app, store, item.Key, item.Etag, item.Options, ApiError.StateTransaction),
            var (type, _) => throw new StateWriteException(ApiError.UnknownOperation(type)),
        });
        Check(await states.TransactAsync(app, store, [.. writes]));
        return new Empty();
    }

    public async Task<Empty> PublishEventAsync(AppSide app, PublishEventRequest request, ServerCallContext call)
    {
        var source = SourceOf(app, request.PubsubName, request.Topic, request.DataContentType, request.Metadata, call);
        Check(await publishing.PublishAsync(app, source, request.Data.Memory));
        return new Empty();
    }

    public async Task<BulkPublishResponse> BulkPublishEventAsync(AppSide app, BulkPublishRequest request, ServerCallContext call)
    {
        var entries = request.Entries
            .Select(entry => new BulkEntry(entry.EntryId, entry.ContentType, entry.Event.Memory, entry.Metadata.Count == 0 ? null : new Dictionary<string, string>(entry.Metadata)))
            .ToList();
        var source = SourceOf(app, request.PubsubName, request.Topic, "", request.Metadata, call);
        Check(await publishing.PublishBulkAsync(app, source, entries, reason => ApiError.PublishFailed(request.PubsubName, request.Topic, reason)));
        return new BulkPublishResponse();
    }

    public static GetMetadataResponse GetMetadata(AppSide app)
    {
        var response = new GetMetadataResponse
        {
            Id = app.AppId,
            RuntimeVersion = app.Rules.RuntimeVersion,
            ExtendedMetadata = { app.Extended, new Dictionary<string, string> { ["daprRuntimeVersion"] = app.Rules.RuntimeVersion } },
            ActorRuntime = new ActorRuntime { RuntimeStatus = ActorRuntime.Types.ActorRuntimeStatus.Disabled },
            AppConnectionProperties = new AppConnectionProperties
            {
                Port = app.Ports.Count > 0 ? app.Ports[0] : 0,
                Protocol = "http",
                ChannelAddress = "127.0.0.1",
                MaxConcurrency = app.MaxConcurrency == int.MaxValue ? -1 : app.MaxConcurrency,
            },
        };
        response.RegisteredComponents.Add(app.Components.Select(component => new RegisteredComponents
        {
            Name = component.Name,
            Type = component.Type,
            Version = component.Version,
            Capabilities = { component.Capabilities },
        }));
        response.Subscriptions.Add(app.Routes.Select(route => new PubsubSubscription
        {
            PubsubName = route.PubSub,
            Topic = route.Topic,
            DeadLetterTopic = route.DeadLetterTopic ?? "",
            Rules = new PubsubSubscriptionRules { Rules = { new PubsubSubscriptionRule { Path = route.Path } } },
            Type = route.IsDeclared ? PubsubSubscriptionType.Declarative : PubsubSubscriptionType.Programmatic,
        }));
        return response;
    }

    public static Empty SetMetadata(AppSide app, SetMetadataRequest request)
    {
        if (request.Key.Length > 0)
        {
            app.Extended[request.Key] = request.Value;
        }

        return new Empty();
    }

    public Empty Shutdown(AppSide app, ServerCallContext call)
    {
        // Raised after the response, so that the process does not stop before the caller gets it.
        call.GetHttpContext().Response.OnCompleted(() =>
        {
            shutdown(app.AppId);
            return Task.CompletedTask;
        });
        return new Empty();
    }

    private static void Check(ApiError? error)
    {
        if (error is not null)
        {
            throw error.ToRpcException();
        }
    }

    private static Component StoreOf(AppSide app, string name) => app.Store(name) ?? throw app.NoStore(name).ToRpcException();

    private static StateWrite SaveOf(AppSide app, Component store, ItemToSave item, Func<string, ApiError> refused) => StateWrites.Save(
        StateWrites.KeyOf(item.Key, store, app.AppId), item.Value.ToByteArray(), item.Etag?.Value, OptionsOf(item.Options), Metadata.Find(item.Metadata, "ttlInSeconds"), refused);

    private static StateWrite DeletionOf(AppSide app, Component store, string key, Etag? etag, StateOptions? options, Func<string, ApiError> refused) =>
        StateWrites.Delete(StateWrites.KeyOf(key, store, app.AppId), etag?.Value, OptionsOf(options), refused);

    private static StateWriteOptions OptionsOf(StateOptions? options) => new(
        options?.Concurrency switch { Concurrency.ConcurrencyFirstWrite => StateWrites.FirstWrite, Concurrency.ConcurrencyLastWrite => StateWrites.LastWrite, _ => null },
        options?.Consistency switch { Consistency.ConsistencyStrong => "strong", Consistency.ConsistencyEventual => "eventual", _ => null });

    private static void AddExpiry(MapField<string, string> metadata, StateItem item)
    {
        if (item.ExpiryText is { } expires)
        {
            metadata["ttlExpireTime"] = expires;
        }
    }

    private EventSource SourceOf(AppSide app, string pubSub, string topic, string contentType, MapField<string, string> metadata, ServerCallContext call) => new(
        app.AppId,
        pubSub,
        topic,
        contentType,
        new Dictionary<string, string>(metadata),
        publishing.TraceOf(call.GetHttpContext().Request.Headers, keepsCallers: false));

    [LoggerMessage(Level = LogLevel.Error, Message = "Internal error in {Method}, called by {AppId}")]
    private static partial void LogInternalError(ILogger logger, string method, string appId, Exception failure);
}
