using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Net.Mime;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace FindMe.Pipeline.Dapr;

/// <summary>The part of Dapr's HTTP API that FindMe uses, with the names of the Dapr .NET SDK's client.</summary>
/// <remarks>
/// Like that client it never retries: what fails throws a <see cref="DaprException"/>, and the delivery that it happened in is
/// repeated. An ETag that does not fit is an expected answer, not an exception.
/// </remarks>
/// <param name="http">Its base address is the sidecar's; it adds the <c>dapr-api-token</c>.</param>
public sealed class DaprClient(HttpClient http)
{
    // daprd takes bodies of 4 MiB; the shards of a page have a tenth of this.
    private const int MaxSavedBytes = 1 << 20;

    // Service Bus Standard takes 256 kB in one message or batch, envelopes included.
    private const int MaxPublishedBytes = 128 << 10;

    /// <summary>Publishes an event.</summary>
    /// <param name="pubsubName">The pub/sub component.</param>
    /// <param name="topicName">The topic.</param>
    /// <param name="data">The event's data, sent as JSON.</param>
    /// <param name="metadata">Such as <c>cloudevent.id</c>, the event's id; null: none.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="DaprException">The sidecar refused the event or could not be reached; it may have been published.</exception>
    public async Task PublishEventAsync<T>(
        string pubsubName, string topicName, T data, IReadOnlyDictionary<string, string>? metadata = null, CancellationToken cancellationToken = default)
    {
        using var activity = EventTelemetry.StartPublish(topicName);
        using var response = await SendAsync(
            HttpMethod.Post,
            $"/v1.0/publish/{Escape(pubsubName)}/{Escape(topicName)}{Query(EventTelemetry.Envelope(metadata))}",
            Json(data),
            cancellationToken);
        await ThrowUnlessSuccessAsync(response, $"publish to {topicName}", cancellationToken);
    }

    /// <summary>Publishes several events of one topic, in one call where they are not too large for it; the broker may deliver them in any order.</summary>
    /// <param name="pubsubName">The pub/sub component.</param>
    /// <param name="topicName">The topic.</param>
    /// <param name="events">Each event's id and data; the ids differ.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="DaprException">Not all were published; some may have been.</exception>
    public async Task BulkPublishEventAsync<T>(
        string pubsubName, string topicName, IEnumerable<(string Id, T Data)> events, CancellationToken cancellationToken = default)
    {
        using var activity = EventTelemetry.StartPublish(topicName);
        var entries = events
            .Select(entry => new BulkPublishEntry<T>(
                entry.Id, entry.Data, MediaTypeNames.Application.Json, EventTelemetry.Envelope([new("cloudevent.id", entry.Id)])));
        foreach (var (_, body) in Batches(entries, MaxPublishedBytes))
        {
            // The alpha route is the one that both 1.16 and 1.18 serve.
            using var response = await SendAsync(
                HttpMethod.Post, $"/v1.0-alpha1/publish/bulk/{Escape(pubsubName)}/{Escape(topicName)}", body, cancellationToken);
            await ThrowUnlessSuccessAsync(response, $"publish to {topicName}", cancellationToken);
        }
    }

    /// <summary>Reads a value.</summary>
    /// <param name="storeName">The state store component.</param>
    /// <param name="key">The key.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The value, or the type's default where there is none.</returns>
    /// <exception cref="DaprException">The store could not be read.</exception>
    public async Task<T?> GetStateAsync<T>(string storeName, string key, CancellationToken cancellationToken = default) =>
        (await GetStateAndETagAsync<T>(storeName, key, cancellationToken)).Value;

    /// <summary>Reads a value and its version.</summary>
    /// <param name="storeName">The state store component.</param>
    /// <param name="key">The key.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The value and its ETag, or the type's default and an empty ETag where there is none.</returns>
    /// <exception cref="DaprException">The store could not be read.</exception>
    public async Task<(T? Value, string ETag)> GetStateAndETagAsync<T>(string storeName, string key, CancellationToken cancellationToken = default)
    {
        using var response = await SendAsync(HttpMethod.Get, StatePath(storeName, key), null, cancellationToken);
        await ThrowUnlessSuccessAsync(response, $"get {key}", cancellationToken);
        if (response.StatusCode == HttpStatusCode.NoContent)
        {
            return (default, "");
        }

        var value = await response.Content.ReadFromJsonAsync<T>(PipelineJson.Options, cancellationToken);
        // Dapr sends the ETag without quotes, which the typed header does not read.
        return (value, response.Headers.TryGetValues("ETag", out var etags) ? etags.First() : "");
    }

    /// <summary>Reads several values in one request.</summary>
    /// <param name="storeName">The state store component.</param>
    /// <param name="keys">The keys, each once.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>What there is, by key: a key without a value is not in it.</returns>
    /// <exception cref="DaprException">The store, or one of the keys, could not be read.</exception>
    public async Task<IReadOnlyDictionary<string, (JsonElement Value, string ETag)>> GetBulkStateAsync(
        string storeName, IReadOnlyList<string> keys, CancellationToken cancellationToken = default)
    {
        var found = new Dictionary<string, (JsonElement, string)>(keys.Count, StringComparer.Ordinal);
        if (keys.Count == 0)
        {
            return found;
        }

        using var response = await SendAsync(
            HttpMethod.Post, $"/v1.0/state/{Escape(storeName)}/bulk", Json(new { keys, parallelism = 10 }), cancellationToken);
        await ThrowUnlessSuccessAsync(response, $"get {keys.Count} keys", cancellationToken);
        foreach (var item in await response.Content.ReadFromJsonAsync<List<BulkStateItem>>(PipelineJson.Options, cancellationToken) ?? [])
        {
            if (item.Error is { Length: > 0 })
            {
                throw new DaprException($"get {item.Key}: {item.Error}", HttpStatusCode.InternalServerError);
            }

            if (item.Data is { ValueKind: not JsonValueKind.Null and not JsonValueKind.Undefined } data)
            {
                found[item.Key] = (data, item.Etag ?? "");
            }
        }

        return found;
    }

    /// <summary>Saves a value, whatever is there.</summary>
    /// <param name="storeName">The state store component.</param>
    /// <param name="key">The key.</param>
    /// <param name="value">The value, saved as JSON.</param>
    /// <param name="timeToLive">When the store forgets it; whole seconds, at least one.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="DaprException">The value was not saved, or it is not known whether it was.</exception>
    public Task SaveStateAsync<T>(string storeName, string key, T value, TimeSpan timeToLive, CancellationToken cancellationToken = default) =>
        SaveBulkStateAsync(storeName, [(key, value)], timeToLive, cancellationToken);

    /// <summary>Saves several values, in one request where they are not too large for it, and not atomically: after a failure some may be saved.</summary>
    /// <param name="storeName">The state store component.</param>
    /// <param name="items">Keys and values, each key once.</param>
    /// <param name="timeToLive">When the store forgets them; whole seconds, at least one.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="DaprException">Not all were saved, or it is not known whether they were.</exception>
    public async Task SaveBulkStateAsync<T>(
        string storeName, IEnumerable<(string Key, T Value)> items, TimeSpan timeToLive, CancellationToken cancellationToken = default)
    {
        var metadata = TimeToLive(timeToLive);
        foreach (var (count, body) in Batches(items.Select(item => new StateItem<T>(item.Key, item.Value, null, metadata, null)), MaxSavedBytes))
        {
            using var response = await SendAsync(HttpMethod.Post, $"/v1.0/state/{Escape(storeName)}", body, cancellationToken);
            await ThrowUnlessSuccessAsync(response, $"save {count} keys", cancellationToken);
        }
    }

    /// <summary>Saves a value if what is there is still what was read.</summary>
    /// <param name="storeName">The state store component.</param>
    /// <param name="key">The key.</param>
    /// <param name="value">The value, saved as JSON.</param>
    /// <param name="etag">The version that was read; empty: save only if nothing is there.</param>
    /// <param name="timeToLive">When the store forgets it; whole seconds, at least one.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>False when somebody else has written meanwhile.</returns>
    /// <exception cref="DaprException">The value was not saved, or it is not known whether it was. With an empty ETag some stores
    /// answer so where something is there (PostgreSQL, Redis): read again to know.</exception>
    public async Task<bool> TrySaveStateAsync<T>(
        string storeName, string key, T value, string etag, TimeSpan timeToLive, CancellationToken cancellationToken = default)
    {
        var item = new StateItem<T>(key, value, etag.Length == 0 ? null : etag, TimeToLive(timeToLive), new StateOptions("first-write"));
        using var response = await SendAsync(HttpMethod.Post, $"/v1.0/state/{Escape(storeName)}", Json(new[] { item }), cancellationToken);
        if (response.StatusCode == HttpStatusCode.Conflict)
        {
            return false;
        }

        await ThrowUnlessSuccessAsync(response, $"save {key}", cancellationToken);
        return true;
    }

    /// <summary>Deletes a value; nothing happens where there is none.</summary>
    /// <param name="storeName">The state store component.</param>
    /// <param name="key">The key.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="DaprException">The value was not deleted, or it is not known whether it was.</exception>
    public async Task DeleteStateAsync(string storeName, string key, CancellationToken cancellationToken = default)
    {
        using var response = await SendAsync(HttpMethod.Delete, StatePath(storeName, key), null, cancellationToken);
        await ThrowUnlessSuccessAsync(response, $"delete {key}", cancellationToken);
    }

    private async Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, HttpContent? content, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(method, path) { Content = content };
        try
        {
            return await http.SendAsync(request, cancellationToken);
        }
        catch (HttpRequestException exception)
        {
            throw new DaprException($"The Dapr sidecar at {http.BaseAddress} cannot be reached.", null, exception);
        }
        catch (TaskCanceledException exception) when (!cancellationToken.IsCancellationRequested)
        {
            throw new DaprException($"The Dapr sidecar at {http.BaseAddress} did not answer in {http.Timeout.TotalSeconds:0} s.", null, exception);
        }
    }

    private static async Task ThrowUnlessSuccessAsync(HttpResponseMessage response, string what, CancellationToken cancellationToken)
    {
        if (response.IsSuccessStatusCode)
        {
            return;
        }

        // errorCode and status are stable; message and details are not.
        var body = await response.Content.ReadAsStringAsync(cancellationToken);
        var error = body.StartsWith('{') ? JsonSerializer.Deserialize<DaprError>(body, PipelineJson.Options) : null;
        throw new DaprException($"Dapr refused to {what}: {(int)response.StatusCode} {error?.ErrorCode}", response.StatusCode, errorCode: error?.ErrorCode);
    }

    // JSON arrays, by the size of what is sent, which is not what it says: a letter takes up to six bytes. One that is too large alone goes alone.
    private static IEnumerable<(int Count, HttpContent Body)> Batches<T>(IEnumerable<T> items, int maxBytes)
    {
        var (count, body) = (0, new MemoryStream());
        foreach (var item in items)
        {
            var json = JsonSerializer.SerializeToUtf8Bytes(item, PipelineJson.Options);
            if (count > 0 && body.Length + json.Length > maxBytes)
            {
                yield return (count, End());
                (count, body) = (0, new MemoryStream());
            }

            body.WriteByte((byte)(count++ == 0 ? '[' : ','));
            body.Write(json);
        }

        if (count > 0)
        {
            yield return (count, End());
        }

        ByteArrayContent End()
        {
            body.WriteByte((byte)']');
            return new ByteArrayContent(body.GetBuffer(), 0, (int)body.Length) { Headers = { ContentType = new MediaTypeHeaderValue(MediaTypeNames.Application.Json) } };
        }
    }

    private static JsonContent Json<T>(T value) =>
        JsonContent.Create(value, new MediaTypeHeaderValue(MediaTypeNames.Application.Json), PipelineJson.Options);

    private static string StatePath(string storeName, string key) => $"/v1.0/state/{Escape(storeName)}/{Escape(key)}";

    private static string Escape(string part) => Uri.EscapeDataString(part);

    private static string Query(IReadOnlyDictionary<string, string>? metadata) =>
        metadata is { Count: > 0 } ? "?" + string.Join('&', metadata.Select(pair => $"metadata.{Escape(pair.Key)}={Escape(pair.Value)}")) : "";

    private static Dictionary<string, string> TimeToLive(TimeSpan timeToLive) =>
        new() { ["ttlInSeconds"] = Math.Max(1, (long)timeToLive.TotalSeconds).ToString() };

    private sealed record StateItem<T>(string Key, T Value, string? Etag, IReadOnlyDictionary<string, string> Metadata, StateOptions? Options);

    private sealed record StateOptions(string Concurrency);

    private sealed record BulkStateItem(string Key, JsonElement? Data, string? Etag, string? Error);

    private sealed record BulkPublishEntry<T>(
        [property: JsonPropertyName("entryId")] string EntryId, T Event, string ContentType, IReadOnlyDictionary<string, string> Metadata);

    private sealed record DaprError(string? ErrorCode);
}
