using Google.Protobuf;
using Google.Rpc;
using Grpc.Core;

namespace LocalDapr;

/// <summary>An error response as daprd sends it.</summary>
/// <param name="Status">The HTTP status.</param>
/// <param name="Code">The <c>errorCode</c>.</param>
/// <param name="Message">The message.</param>
public sealed record ApiError(int Status, string Code, string Message)
{
    /// <summary>The gRPC status; by default derived from the HTTP status.</summary>
    internal StatusCode GrpcStatus { get; init; } = Status switch
    {
        403 => StatusCode.PermissionDenied,
        409 => StatusCode.Aborted,
        >= 400 and <= 499 => StatusCode.InvalidArgument,
        _ => StatusCode.Internal,
    };

    /// <summary>The error details; may be empty.</summary>
    internal IReadOnlyList<IMessage> Details { get; init; } = [];

    /// <summary>Ids of the failed entries of a bulk publish over HTTP, which daprd sends instead of a message.</summary>
    internal IReadOnlyList<string>? FailedEntries { get; init; }

    internal static ApiError PubSubNotFound(string pubSub, IReadOnlyDictionary<string, string> metadata) =>
        new(404, "ERR_PUBSUB_NOT_FOUND", $"pubsub {pubSub} is not found") { Details = [Info("DAPR_PUBSUB_NOT_FOUND", metadata)] };

    internal static ApiError TopicEmpty(string pubSub, IReadOnlyDictionary<string, string> metadata) =>
        OfPubSub(404, "ERR_TOPIC_NAME_EMPTY", $"topic is empty in pubsub {pubSub}", "DAPR_PUBSUB_TOPIC_NAME_EMPTY", pubSub, metadata);

    internal static ApiError TopicForbidden(string pubSub, string topic, string appId)
    {
        var message = $"topic {topic} is not allowed for app id {appId}";
        return OfPubSub(403, "ERR_PUBSUB_FORBIDDEN", message, "DAPR_PUBSUB_FORBIDDEN", pubSub, new Dictionary<string, string> { ["topic"] = topic, ["error"] = message });
    }

    internal static ApiError PublishFailed(string pubSub, string topic, string reason) => OfPubSub(
        500,
        "ERR_PUBSUB_PUBLISH_MESSAGE",
        $"error when publishing to topic {topic} in pubsub {pubSub}: {reason}",
        "DAPR_PUBSUB_PUBLISH_MESSAGE",
        pubSub,
        new Dictionary<string, string> { ["topic"] = topic, ["error"] = reason });

    internal static ApiError PublishMetadata(string pubSub, string reason, IReadOnlyDictionary<string, string> metadata) => OfPubSub(
        400, "ERR_PUBSUB_REQUEST_METADATA", $"failed deserializing metadata. Error: {reason}", "DAPR_PUBSUB_METADATA_DESERIALIZATION", pubSub, metadata);

    internal static ApiError NoCloudEvent(string pubSub, string appId, string reason)
    {
        var metadata = new Dictionary<string, string> { ["appID"] = appId, ["error"] = reason };
        var error = OfPubSub(500, "ERR_PUBSUB_CLOUD_EVENTS_SER", "cannot create cloudevent", "DAPR_PUBSUB_CLOUD_EVENT_CREATION", pubSub, metadata);
        return error with { GrpcStatus = StatusCode.InvalidArgument };
    }

    internal static ApiError BulkPublish(string pubSub, string appId, string message, string reason, string detail) => OfPubSub(
        400, "ERR_PUBSUB_EVENTS_SER", message, detail, pubSub, new Dictionary<string, string> { ["appID"] = appId, ["error"] = reason });

    /// <summary>All entries of a bulk publish failed, since they are stored all or none.</summary>
    internal static ApiError BulkPublishFailed(IReadOnlyList<string> entryIds, string reason) =>
        new(500, "ERR_PUBSUB_PUBLISH_MESSAGE", reason) { FailedEntries = entryIds };

    internal static ApiError StoreNotFound(string store, string appId) => new(400, "ERR_STATE_STORE_NOT_FOUND", $"state store {store} is not found")
    {
        Details = [Info("DAPR_STATE_NOT_FOUND", ("appID", appId))],
    };

    internal static ApiError StoreNotConfigured(string store, string appId) =>
        new(500, "ERR_STATE_STORE_NOT_CONFIGURED", $"state store {store} is not configured")
        {
            GrpcStatus = StatusCode.FailedPrecondition,
            Details = [Info("DAPR_STATE_NOT_CONFIGURED", ("appID", appId))],
        };

    internal static ApiError IllegalKey(string store, string key)
    {
        var message = $"input key/keyPrefix '{key}' can't contain '||'";
        var violation = new BadRequest.Types.FieldViolation { Field = key, Description = message };
        return new(400, "ERR_MALFORMED_REQUEST", message)
        {
            Details = [Info("DAPR_STATE_ILLEGAL_KEY"), new ResourceInfo { ResourceType = "state", ResourceName = store }, new BadRequest { FieldViolations = { violation } }],
        };
    }

    internal static ApiError QueryUnsupported(string store) => new(500, "ERR_STATE_STORE_NOT_SUPPORTED", "state store does not support querying")
    {
        Details = [Info("DAPR_STATE_QUERYING_NOT_SUPPORTED"), new ResourceInfo { ResourceType = "state", ResourceName = store }],
    };

    internal static ApiError Malformed(string reason) => new(400, "ERR_MALFORMED_REQUEST", reason);

    internal static ApiError MalformedBody(string reason) => Malformed($"failed deserializing HTTP body: {reason}");

    internal static ApiError StateGet(string store, string key, string reason) => new(500, "ERR_STATE_GET", $"fail to get {key} from state store {store}: {reason}");

    internal static ApiError StateBulkGet(string reason) => new(500, "ERR_STATE_BULK_GET", reason) { GrpcStatus = StatusCode.Unknown };

    /// <summary>An item to save over gRPC has no key.</summary>
    internal static ApiError StateKeyEmpty() => new(400, "ERR_STATE_SAVE", "state key cannot be empty");

    internal static ApiError StateSave(int status, string store, string reason) => new(status, "ERR_STATE_SAVE", $"failed saving state in state store {store}: {reason}");

    internal static ApiError StateDelete(int status, string key, string reason) => new(status, "ERR_STATE_DELETE", $"failed deleting state with key {key}: {reason}");

    internal static ApiError StateTransaction(string reason) => new(500, "ERR_STATE_TRANSACTION", $"error while executing state transaction: {reason}");

    internal static ApiError StateBulkDelete(int status, string store, string reason) =>
        new(status, "ERR_STATE_BULK_DELETE", $"failed deleting state in state store {store}: {reason}");

    internal static ApiError UnknownOperation(string operation) =>
        new(400, "ERR_NOT_SUPPORTED_STATE_OPERATION", $"operation type {operation} not supported") { GrpcStatus = StatusCode.Unimplemented };

    /// <summary>A database operation failed. A damaged database has its own code, unknown to daprd, since retries cannot help.</summary>
    internal static ApiError OfDatabase(Microsoft.Data.Sqlite.SqliteException failure, Func<string, ApiError> failed) =>
        Database.IsFault(failure) ? new(500, "ERR_DATA_DAMAGED", $"the database is damaged, or its disk fails: {failure.Message}") { GrpcStatus = StatusCode.DataLoss } : failed(failure.Message);

    /// <summary>The response to an unknown route: daprd falls back to service invocation, and the path names no app.</summary>
    internal static ApiError NoAppToInvoke() => new(404, "ERR_DIRECT_INVOKE", "failed getting app id either from the URL path or the header dapr-app-id");

    /// <summary>A gRPC call has no API token, or a wrong one.</summary>
    internal static ApiError Unauthenticated(string reason) => new(401, "Unauthorized", "Unauthorized")
    {
        GrpcStatus = StatusCode.Unauthenticated,
        Details = [Info("Unauthorized", ("http.code", "401"), ("http.error_message", reason))],
    };

    internal static ApiError NotReady() => new(500, "ERR_HEALTH_NOT_READY", "dapr is not ready: [app]");

    internal static ApiError OtherAppId() => new(500, "ERR_HEALTH_APPID_NOT_MATCH", "dapr app-id does not match");

    /// <summary>Creates the machine-readable reason of an error.</summary>
    internal static ErrorInfo Info(string reason, params IEnumerable<(string Name, string Value)> metadata) =>
        new() { Reason = reason, Domain = "dapr.io", Metadata = { metadata.ToDictionary(pair => pair.Name, pair => pair.Value) } };

    private static ErrorInfo Info(string reason, IReadOnlyDictionary<string, string> metadata) => Info(reason, metadata.Select(pair => (pair.Key, pair.Value)));

    private static ApiError OfPubSub(int status, string code, string message, string reason, string pubSub, IReadOnlyDictionary<string, string> metadata) =>
        new(status, code, message)
        {
            Details = [Info(reason, metadata), new ResourceInfo { ResourceType = "pubsub", ResourceName = pubSub, Description = message }],
        };
}
