using Grpc.Core;

namespace LocalDapr;

/// <summary>An error as daprd answers it. Callers go by status and code; details are for people.</summary>
/// <param name="Status">The HTTP status.</param>
/// <param name="Code"><c>errorCode</c>.</param>
/// <param name="Message">What is wrong.</param>
internal sealed record ApiError(int Status, string Code, string Message)
{
    /// <summary>The status over gRPC; by default the one that the HTTP status stands for.</summary>
    public StatusCode GrpcStatus { get; init; } = Status switch
    {
        403 => StatusCode.PermissionDenied,
        409 => StatusCode.Aborted,
        >= 400 and <= 499 => StatusCode.InvalidArgument,
        _ => StatusCode.Internal,
    };

    public ErrorDetails? Details { get; init; }

    /// <summary>Of a bulk publish over HTTP: which entries failed. daprd answers these in place of a message.</summary>
    public IReadOnlyList<string>? FailedEntries { get; init; }

    public static ApiError PubSubNotFound(string pubSub, IReadOnlyDictionary<string, string> metadata) =>
        new(404, "ERR_PUBSUB_NOT_FOUND", $"pubsub {pubSub} is not found") { Details = new("DAPR_PUBSUB_NOT_FOUND", metadata) };

    public static ApiError TopicEmpty(string pubSub, IReadOnlyDictionary<string, string> metadata) =>
        OfPubSub(404, "ERR_TOPIC_NAME_EMPTY", $"topic is empty in pubsub {pubSub}", "DAPR_PUBSUB_TOPIC_NAME_EMPTY", pubSub, metadata);

    public static ApiError TopicForbidden(string pubSub, string topic, string appId)
    {
        var message = $"topic {topic} is not allowed for app id {appId}";
        return OfPubSub(403, "ERR_PUBSUB_FORBIDDEN", message, "DAPR_PUBSUB_FORBIDDEN", pubSub, new Dictionary<string, string> { ["topic"] = topic, ["error"] = message });
    }

    public static ApiError PublishFailed(string pubSub, string topic, string reason) => OfPubSub(
        500,
        "ERR_PUBSUB_PUBLISH_MESSAGE",
        $"error when publishing to topic {topic} in pubsub {pubSub}: {reason}",
        "DAPR_PUBSUB_PUBLISH_MESSAGE",
        pubSub,
        new Dictionary<string, string> { ["topic"] = topic, ["error"] = reason });

    public static ApiError PublishMetadata(string pubSub, string reason, IReadOnlyDictionary<string, string> metadata) => OfPubSub(
        400, "ERR_PUBSUB_REQUEST_METADATA", $"failed deserializing metadata. Error: {reason}", "DAPR_PUBSUB_METADATA_DESERIALIZATION", pubSub, metadata);

    public static ApiError NoCloudEvent(string pubSub, string appId, string reason)
    {
        var metadata = new Dictionary<string, string> { ["appID"] = appId, ["error"] = reason };
        var error = OfPubSub(500, "ERR_PUBSUB_CLOUD_EVENTS_SER", "cannot create cloudevent", "DAPR_PUBSUB_CLOUD_EVENT_CREATION", pubSub, metadata);
        return error with { GrpcStatus = StatusCode.InvalidArgument };
    }

    public static ApiError BulkPublish(string pubSub, string appId, string message, string reason, string detail) => OfPubSub(
        400, "ERR_PUBSUB_EVENTS_SER", message, detail, pubSub, new Dictionary<string, string> { ["appID"] = appId, ["error"] = reason });

    /// <summary>All entries failed: they are stored together or not at all.</summary>
    public static ApiError BulkPublishFailed(IReadOnlyList<string> entryIds, string reason) =>
        new(500, "ERR_PUBSUB_PUBLISH_MESSAGE", reason) { FailedEntries = entryIds };

    public static ApiError StoreNotFound(string store, string appId) => new(400, "ERR_STATE_STORE_NOT_FOUND", $"state store {store} is not found")
    {
        Details = new("DAPR_STATE_NOT_FOUND", new Dictionary<string, string> { ["appID"] = appId }),
    };

    public static ApiError StoreNotConfigured(string store, string appId) =>
        new(500, "ERR_STATE_STORE_NOT_CONFIGURED", $"state store {store} is not configured")
        {
            GrpcStatus = StatusCode.FailedPrecondition,
            Details = new("DAPR_STATE_NOT_CONFIGURED", new Dictionary<string, string> { ["appID"] = appId }),
        };

    public static ApiError IllegalKey(string store, string key)
    {
        var message = $"input key/keyPrefix '{key}' can't contain '||'";
        return new(400, "ERR_MALFORMED_REQUEST", message)
        {
            Details = new("DAPR_STATE_ILLEGAL_KEY", null) { ResourceType = "state", ResourceName = store, Field = key, FieldProblem = message },
        };
    }

    public static ApiError QueryUnsupported(string store) => new(500, "ERR_STATE_STORE_NOT_SUPPORTED", "state store does not support querying")
    {
        Details = new("DAPR_STATE_QUERYING_NOT_SUPPORTED", null) { ResourceType = "state", ResourceName = store },
    };

    public static ApiError Malformed(string reason) => new(400, "ERR_MALFORMED_REQUEST", reason);

    public static ApiError MalformedBody(string reason) => Malformed($"failed deserializing HTTP body: {reason}");

    public static ApiError StateGet(string store, string key, string reason) => new(500, "ERR_STATE_GET", $"fail to get {key} from state store {store}: {reason}");

    public static ApiError StateBulkGet(string reason) => new(500, "ERR_STATE_BULK_GET", reason) { GrpcStatus = StatusCode.Unknown };

    /// <summary>Over gRPC: an item to save has no key.</summary>
    public static ApiError StateKeyEmpty() => new(400, "ERR_STATE_SAVE", "state key cannot be empty");

    public static ApiError StateSave(int status, string store, string reason) => new(status, "ERR_STATE_SAVE", $"failed saving state in state store {store}: {reason}");

    public static ApiError StateDelete(int status, string key, string reason) => new(status, "ERR_STATE_DELETE", $"failed deleting state with key {key}: {reason}");

    public static ApiError StateTransaction(string reason) => new(500, "ERR_STATE_TRANSACTION", $"error while executing state transaction: {reason}");

    public static ApiError StateBulkDelete(int status, string store, string reason) =>
        new(status, "ERR_STATE_BULK_DELETE", $"failed deleting state in state store {store}: {reason}");

    public static ApiError UnknownOperation(string operation) =>
        new(400, "ERR_NOT_SUPPORTED_STATE_OPERATION", $"operation type {operation} not supported") { GrpcStatus = StatusCode.Unimplemented };

    /// <summary>An operation failed in the database. Damage has a code of its own, which daprd does not know: no repetition helps.</summary>
    public static ApiError OfDatabase(Microsoft.Data.Sqlite.SqliteException failure, Func<string, ApiError> failed) =>
        Database.IsFault(failure) ? new(500, "ERR_DATA_DAMAGED", $"the database is damaged, or its disk fails: {failure.Message}") { GrpcStatus = StatusCode.DataLoss } : failed(failure.Message);

    /// <summary>What an unknown route gets: service invocation is the router's fallback, and the path names no app.</summary>
    public static ApiError NoAppToInvoke() => new(404, "ERR_DIRECT_INVOKE", "failed getting app id either from the URL path or the header dapr-app-id");

    /// <summary>Over gRPC: the call has no API token, or a wrong one.</summary>
    public static ApiError Unauthenticated(string reason) => new(401, "Unauthorized", "Unauthorized")
    {
        GrpcStatus = StatusCode.Unauthenticated,
        Details = new("Unauthorized", new Dictionary<string, string> { ["http.code"] = "401", ["http.error_message"] = reason }),
    };

    public static ApiError NotReady() => new(500, "ERR_HEALTH_NOT_READY", "dapr is not ready: [app]");

    public static ApiError OtherAppId() => new(500, "ERR_HEALTH_APPID_NOT_MATCH", "dapr app-id does not match");

    private static ApiError OfPubSub(int status, string code, string message, string reason, string pubSub, IReadOnlyDictionary<string, string> metadata) =>
        new(status, code, message)
        {
            Details = new(reason, metadata) { ResourceType = "pubsub", ResourceName = pubSub, ResourceDescription = message },
        };
}

/// <summary>Details of the kinds of google.rpc, as daprd sends them.</summary>
/// <param name="Reason">Of the ErrorInfo.</param>
/// <param name="Metadata">Of the ErrorInfo; null for none.</param>
internal sealed record ErrorDetails(string Reason, IReadOnlyDictionary<string, string>? Metadata)
{
    public const string Domain = "dapr.io";

    /// <summary>Of the ResourceInfo; null for an error without one.</summary>
    public string? ResourceType { get; init; }

    public string ResourceName { get; init; } = "";

    public string ResourceDescription { get; init; } = "";

    /// <summary>Of the BadRequest; null for an error without one.</summary>
    public string? Field { get; init; }

    public string FieldProblem { get; init; } = "";
}
