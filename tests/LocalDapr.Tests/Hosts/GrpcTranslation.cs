using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Dapr.Client.Autogen.Grpc.v1;
using Google.Protobuf;
using Google.Rpc;
using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.AspNetCore.WebUtilities;
using Client = Dapr.Client.Autogen.Grpc.v1.Dapr.DaprClient;
using Concurrency = Dapr.Client.Autogen.Grpc.v1.StateOptions.Types.StateConcurrency;
using Consistency = Dapr.Client.Autogen.Grpc.v1.StateOptions.Types.StateConsistency;
using Item = Dapr.Client.Autogen.Grpc.v1.StateItem;

namespace LocalDapr.Tests;

/// <summary>Translates HTTP requests to gRPC calls and their responses back, so that cases written for HTTP also test gRPC.</summary>
/// <remarks>Each gRPC status maps to exactly one HTTP response; an unknown status fails the case.</remarks>
internal sealed class GrpcTranslation : DelegatingHandler
{
    private readonly GrpcChannel _channel;
    private readonly Client _dapr;

    public GrpcTranslation(Uri endpoint)
        : base(new SocketsHttpHandler())
    {
        _channel = GrpcChannel.ForAddress(endpoint);
        _dapr = new Client(_channel);
    }

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var body = request.Content is null ? [] : await request.Content.ReadAsByteArrayAsync(cancellationToken);
        var headers = new Grpc.Core.Metadata();
        foreach (var name in new[] { "dapr-api-token", "traceparent", "tracestate" })
        {
            if (request.Headers.TryGetValues(name, out var values))
            {
                headers.Add(name, values.First());
            }
        }

        string[] path = [.. request.RequestUri!.AbsolutePath.Split('/', StringSplitOptions.RemoveEmptyEntries).Select(Uri.UnescapeDataString)];
        try
        {
            return path switch
            {
                [_, "publish", "bulk", var pubSub, var topic] =>
                    await PublishBulkAsync(path[0] == "v1.0", pubSub, topic, request, body, headers),
                ["v1.0", "publish", var pubSub, .. var topic] => await PublishAsync(pubSub, string.Join('/', topic), request, body, headers),
                ["v1.0", "state", var store] => await SaveAsync(store, request, body, headers),
                ["v1.0", "state", var store, "bulk"] => await GetBulkAsync(store, body, headers),
                ["v1.0", "state", var store, "transaction"] => await TransactAsync(store, body, headers),
                ["v1.0", "state", var store, var key] when request.Method == HttpMethod.Get => await GetAsync(store, key, headers),
                ["v1.0", "state", var store, var key] when request.Method == HttpMethod.Delete => await DeleteAsync(store, key, request, headers),
                ["v1.0", "metadata"] => await GetMetadataAsync(headers),
                ["v1.0", "metadata", var key] => await DoneAsync(_dapr.SetMetadataAsync(new SetMetadataRequest { Key = key, Value = Encoding.UTF8.GetString(body) }, headers, cancellationToken: cancellationToken)),
                ["v1.0", "shutdown"] => await DoneAsync(_dapr.ShutdownAsync(new ShutdownRequest(), headers, cancellationToken: cancellationToken)),
                ["v1.0", "healthz", ..] => await base.SendAsync(request, cancellationToken),
                _ => throw new InvalidOperationException($"{request.RequestUri} is no request that gRPC has a call for"),
            };
        }
        catch (RpcException failure)
        {
            return AnswerOf(failure);
        }
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _channel.Dispose();
        }

        base.Dispose(disposing);
    }

    private async Task<HttpResponseMessage> PublishAsync(string pubSub, string topic, HttpRequestMessage request, byte[] body, Grpc.Core.Metadata headers)
    {
        var publish = new PublishEventRequest { PubsubName = pubSub, Topic = topic, Data = ByteString.CopyFrom(body), DataContentType = ContentTypeOf(request) };
        publish.Metadata.Add(MetadataOf(request));
        return await DoneAsync(_dapr.PublishEventAsync(publish, headers));
    }

    private async Task<HttpResponseMessage> PublishBulkAsync(
        bool isStable, string pubSub, string topic, HttpRequestMessage request, byte[] body, Grpc.Core.Metadata headers)
    {
        var publish = new BulkPublishRequest { PubsubName = pubSub, Topic = topic };
        publish.Metadata.Add(MetadataOf(request));
        foreach (var entry in JsonDocument.Parse(body).RootElement.EnumerateArray())
        {
            var contentType = Text(entry, "contentType");
            var data = entry.GetProperty("event");
            var bulk = new BulkPublishRequestEntry
            {
                EntryId = Text(entry, "entryId"),
                ContentType = contentType,
                Event = contentType == "application/octet-stream" ? ByteString.FromBase64(data.GetString()) : ByteString.CopyFromUtf8(data.ValueKind == JsonValueKind.String ? data.GetString() : data.GetRawText()),
            };
            bulk.Metadata.Add(TextsOf(entry, "metadata"));
            publish.Entries.Add(bulk);
        }

#pragma warning disable CS0612 // daprd up to 1.16 has only the alpha call.
        var answer = isStable ? await _dapr.BulkPublishEventAsync(publish, headers) : await _dapr.BulkPublishEventAlpha1Async(publish, headers);
#pragma warning restore CS0612
        Assert.Empty(answer.FailedEntries);
        return new HttpResponseMessage(HttpStatusCode.NoContent);
    }

    private async Task<HttpResponseMessage> SaveAsync(string store, HttpRequestMessage request, byte[] body, Grpc.Core.Metadata headers)
    {
        var save = new SaveStateRequest { StoreName = store };
        foreach (var item in JsonDocument.Parse(body).RootElement.EnumerateArray())
        {
            var saved = ItemOf(item);
            // The request's metadata overrides an item's.
            foreach (var (name, value) in MetadataOf(request))
            {
                saved.Metadata[name] = value;
            }

            save.States.Add(saved);
        }

        return await DoneAsync(_dapr.SaveStateAsync(save, headers));
    }

    private async Task<HttpResponseMessage> TransactAsync(string store, byte[] body, Grpc.Core.Metadata headers)
    {
        var transaction = new ExecuteStateTransactionRequest { StoreName = store };
        if (JsonDocument.Parse(body).RootElement.TryGetProperty("operations", out var operations))
        {
            transaction.Operations.Add(operations.EnumerateArray()
                .Select(operation => new TransactionalStateOperation { OperationType = Text(operation, "operation"), Request = ItemOf(operation.GetProperty("request")) }));
        }

        return await DoneAsync(_dapr.ExecuteStateTransactionAsync(transaction, headers));
    }

    private async Task<HttpResponseMessage> GetAsync(string store, string key, Grpc.Core.Metadata headers)
    {
        var item = await _dapr.GetStateAsync(new GetStateRequest { StoreName = store, Key = key }, headers);
        if (item.Etag.Length == 0)
        {
            Assert.Empty(item.Data);
            return new HttpResponseMessage(HttpStatusCode.NoContent);
        }

        var answer = new HttpResponseMessage(HttpStatusCode.OK) { Content = new ByteArrayContent(item.Data.ToByteArray()) };
        answer.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        answer.Headers.TryAddWithoutValidation("ETag", item.Etag);
        foreach (var (name, value) in item.Metadata)
        {
            answer.Headers.TryAddWithoutValidation("metadata." + name, value);
        }

        return answer;
    }

    private async Task<HttpResponseMessage> GetBulkAsync(string store, byte[] body, Grpc.Core.Metadata headers)
    {
        var get = new GetBulkStateRequest { StoreName = store, Parallelism = 10 };
        get.Keys.Add(JsonDocument.Parse(body).RootElement.GetProperty("keys").EnumerateArray().Select(key => key.GetString()));
        var answer = await _dapr.GetBulkStateAsync(get, headers);
        var items = new JsonArray();
        foreach (var item in answer.Items)
        {
            Assert.Empty(item.Error);
            var json = new JsonObject { ["key"] = item.Key };
            items.Add(json);
            if (item.Etag.Length > 0)
            {
                json["data"] = JsonNode.Parse(item.Data.ToStringUtf8());
                json["etag"] = item.Etag;
            }

            if (item.Metadata.Count > 0)
            {
                json["metadata"] = JsonSerializer.SerializeToNode(item.Metadata.ToDictionary());
            }
        }

        return new HttpResponseMessage(HttpStatusCode.OK) { Content = new StringContent(items.ToJsonString(), Encoding.UTF8, "application/json") };
    }

    private async Task<HttpResponseMessage> DeleteAsync(string store, string key, HttpRequestMessage request, Grpc.Core.Metadata headers)
    {
        var query = QueryHelpers.ParseQuery(request.RequestUri!.Query);
        var delete = new DeleteStateRequest { StoreName = store, Key = key, Options = new StateOptions { Concurrency = ConcurrencyOf(query.TryGetValue("concurrency", out var word) ? word : default) } };
        if (request.Headers.TryGetValues("If-Match", out var values))
        {
            delete.Etag = new Etag { Value = values.First() };
        }

        return await DoneAsync(_dapr.DeleteStateAsync(delete, headers));
    }

    private async Task<HttpResponseMessage> GetMetadataAsync(Grpc.Core.Metadata headers)
    {
        var metadata = await _dapr.GetMetadataAsync(new GetMetadataRequest(), headers);
        // The members have the names of the HTTP API, which has the rules of a subscription without a message around them.
        var json = JsonNode.Parse(JsonFormatter.Default.Format(metadata))!;
        foreach (var subscription in json["subscriptions"]?.AsArray() ?? [])
        {
            subscription!["rules"] = subscription["rules"]!["rules"]!.DeepClone();
        }

        return new HttpResponseMessage(HttpStatusCode.OK) { Content = new StringContent(json.ToJsonString(), Encoding.UTF8, "application/json") };
    }

    private static async Task<HttpResponseMessage> DoneAsync<T>(AsyncUnaryCall<T> call)
    {
        await call;
        return new HttpResponseMessage(HttpStatusCode.NoContent);
    }

    private static HttpResponseMessage AnswerOf(RpcException failure)
    {
        if (failure.StatusCode == StatusCode.Unauthenticated)
        {
            return new HttpResponseMessage(HttpStatusCode.Unauthorized) { Content = new StringContent("invalid api token") };
        }

        var info = failure.GetRpcStatus()?.GetDetail<ErrorInfo>();
        Assert.True(info is not null, $"{failure.Status} has no details");
        var (status, code) = (failure.StatusCode, info.Reason) switch
        {
            (StatusCode.InvalidArgument, "DAPR_PUBSUB_NOT_FOUND") => (404, "ERR_PUBSUB_NOT_FOUND"),
            (StatusCode.InvalidArgument, "DAPR_PUBSUB_METADATA_DESERIALIZATION") => (400, "ERR_PUBSUB_REQUEST_METADATA"),
            (StatusCode.InvalidArgument, "DAPR_PUBSUB_MARSHAL_EVENTS") => (400, "ERR_PUBSUB_EVENTS_SER"),
            (StatusCode.InvalidArgument, "DAPR_PUBSUB_CLOUD_EVENT_CREATION") => (500, "ERR_PUBSUB_CLOUD_EVENTS_SER"),
            (StatusCode.PermissionDenied, "DAPR_PUBSUB_FORBIDDEN") => (403, "ERR_PUBSUB_FORBIDDEN"),
            (StatusCode.Internal, "DAPR_PUBSUB_PUBLISH_MESSAGE") => (500, "ERR_PUBSUB_PUBLISH_MESSAGE"),
            (StatusCode.InvalidArgument, "DAPR_STATE_NOT_FOUND") => (400, "ERR_STATE_STORE_NOT_FOUND"),
            (StatusCode.InvalidArgument, "DAPR_STATE_ILLEGAL_KEY") => (400, "ERR_MALFORMED_REQUEST"),
            (StatusCode.FailedPrecondition, "DAPR_STATE_NOT_CONFIGURED") => (500, "ERR_STATE_STORE_NOT_CONFIGURED"),
            (StatusCode.Unimplemented, "ERR_NOT_SUPPORTED_STATE_OPERATION") => (400, info.Reason),
            (StatusCode.InvalidArgument, "ERR_STATE_SAVE" or "ERR_STATE_DELETE") => (400, info.Reason),
            (StatusCode.Aborted, "ERR_STATE_SAVE" or "ERR_STATE_DELETE") => (409, info.Reason),
            (StatusCode.Internal, "ERR_STATE_GET" or "ERR_STATE_SAVE" or "ERR_STATE_DELETE" or "ERR_STATE_TRANSACTION") => (500, info.Reason),
            _ => throw new InvalidOperationException($"{failure.Status} for {info.Reason} stands for no answer over HTTP"),
        };
        var json = new JsonObject
        {
            ["errorCode"] = code,
            ["message"] = failure.Status.Detail,
            ["details"] = new JsonArray(new JsonObject
            {
                ["@type"] = "type.googleapis.com/google.rpc.ErrorInfo",
                ["reason"] = info.Reason,
                ["domain"] = info.Domain,
                ["metadata"] = JsonSerializer.SerializeToNode(info.Metadata.ToDictionary()),
            }),
        };
        return new HttpResponseMessage((HttpStatusCode)status) { Content = new StringContent(json.ToJsonString(), Encoding.UTF8, "application/json") };
    }

    private static Item ItemOf(JsonElement json)
    {
        var item = new Item { Key = Text(json, "key") };
        if (json.TryGetProperty("value", out var value))
        {
            item.Value = ByteString.CopyFromUtf8(value.GetRawText());
        }

        if (json.TryGetProperty("etag", out var etag))
        {
            item.Etag = new Etag { Value = etag.GetString() };
        }

        if (json.TryGetProperty("options", out var options))
        {
            item.Options = new StateOptions
            {
                Concurrency = ConcurrencyOf(Text(options, "concurrency")),
                Consistency = Text(options, "consistency") switch { "strong" => Consistency.ConsistencyStrong, "eventual" => Consistency.ConsistencyEventual, _ => Consistency.ConsistencyUnspecified },
            };
        }

        item.Metadata.Add(TextsOf(json, "metadata"));
        return item;
    }

    private static Concurrency ConcurrencyOf(string? word) => word switch
    {
        "first-write" => Concurrency.ConcurrencyFirstWrite,
        "last-write" => Concurrency.ConcurrencyLastWrite,
        _ => Concurrency.ConcurrencyUnspecified,
    };

    private static Dictionary<string, string> TextsOf(JsonElement json, string name) =>
        json.TryGetProperty(name, out var texts) ? texts.EnumerateObject().ToDictionary(text => text.Name, text => text.Value.GetString()!) : [];

    private static Dictionary<string, string> MetadataOf(HttpRequestMessage request) => QueryHelpers.ParseQuery(request.RequestUri!.Query)
        .Where(pair => pair.Key.StartsWith("metadata.", StringComparison.Ordinal))
        .ToDictionary(pair => pair.Key["metadata.".Length..], pair => pair.Value[0]!);

    private static string ContentTypeOf(HttpRequestMessage request) =>
        request.Content!.Headers.NonValidated.TryGetValues("Content-Type", out var values) ? values.ToString() : "";

    private static string Text(JsonElement json, string name) => json.TryGetProperty(name, out var text) ? text.GetString() ?? "" : "";
}
