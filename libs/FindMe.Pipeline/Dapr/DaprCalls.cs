using System.Text.Json;
using Dapr;
using Dapr.Client;
using Grpc.Core;

namespace FindMe.Pipeline;

/// <summary>
/// Extends Dapr's client by what the SDK leaves to its caller: timeouts, times to live, batches below Dapr's size limits, and the ids and
/// traces of events published in bulk.
/// </summary>
/// <remarks>
/// Never retries: a failure throws a <see cref="DaprException"/>, and Dapr redelivers the message that was being handled. An ETag conflict
/// is an expected result, not an exception. Cancellation stays an <see cref="OperationCanceledException"/>.
/// </remarks>
public static class DaprCalls
{
    /// <summary>Timeout of one call, 30 s. The SDK has none: a sidecar that accepts a call and never answers would block it forever.</summary>
    public static readonly TimeSpan Timeout = TimeSpan.FromSeconds(30);

    // gRPC messages have at most 4 MiB in both directions; the batches of a page have a tenth of this limit.
    private const int MaxSavedBytes = 1 << 20;

    // Service Bus Standard accepts 256 kB in one message or batch, envelopes included.
    private const int MaxPublishedBytes = 128 << 10;

    // A document has up to 100 kB, most have a tenth of that. If the response still exceeds 4 MiB, the keys are read in halves.
    private const int MaxKeysRead = 64;

    // Stores without bulk deletes delete the keys one by one, within the timeout of the call.
    private const int MaxKeysDeleted = 256;

    // Parallel reads of a store without bulk reads; daprd's default is 10 too.
    private const int KeysReadAtOnce = 10;

    /// <summary>Publishes an event.</summary>
    /// <param name="dapr">The sidecar.</param>
    /// <param name="topic">The topic.</param>
    /// <param name="id">The event's id: the same event has the same id whenever it is published.</param>
    /// <param name="data">The event's data, sent as JSON.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <exception cref="DaprException">The event may or may not be published.</exception>
    public static async Task PublishAsync<T>(this DaprClient dapr, string topic, string id, T data, CancellationToken cancellationToken)
    {
        using var activity = EventTelemetry.StartPublish(topic);
        await CallAsync(
            $"publish to {topic}", token => dapr.PublishEventAsync(Topics.PubSub, topic, data, EventTelemetry.Envelope(id), token), cancellationToken);
    }

    /// <summary>Publishes several events, in as few calls as their size allows. The broker may deliver them in any order.</summary>
    /// <param name="dapr">The sidecar.</param>
    /// <param name="topic">The topic.</param>
    /// <param name="events">Each event's id and data; the ids are distinct.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <exception cref="DaprException">Not all events were published; some may have been.</exception>
    public static async Task BulkPublishAsync<T>(
        this DaprClient dapr, string topic, IEnumerable<(string Id, T Data)> events, CancellationToken cancellationToken)
    {
        using var activity = EventTelemetry.StartPublish(topic);
        // The SDK accepts metadata for a whole batch only, so ids and traces go into envelopes, which Dapr completes.
        var envelopes = events.Select(entry => new CloudEvent<T>(entry.Data) { Id = entry.Id, TraceParent = EventTelemetry.CurrentTrace });
        foreach (var batch in Batches(envelopes, MaxPublishedBytes))
        {
            var answer = await CallAsync(
                $"publish to {topic}", token => dapr.BulkPublishEventAsync(Topics.PubSub, topic, batch, cancellationToken: token), cancellationToken);
            if (answer.FailedEntries.Count > 0)
            {
                throw new DaprException($"Dapr failed to publish {answer.FailedEntries.Count} of {batch.Count} events to {topic}.");
            }
        }
    }

    /// <summary>Reads a value.</summary>
    /// <param name="dapr">The sidecar.</param>
    /// <param name="storeName">The state store component.</param>
    /// <param name="key">The key.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <returns>The value, or the type's default if there is none.</returns>
    /// <exception cref="DaprException">The store could not be read.</exception>
    public static async Task<T?> GetStateAsync<T>(this DaprClient dapr, string storeName, string key, CancellationToken cancellationToken) =>
        (await dapr.GetStateAndETagAsync<T>(storeName, key, cancellationToken)).Value;

    /// <summary>Reads a value and its version.</summary>
    /// <param name="dapr">The sidecar.</param>
    /// <param name="storeName">The state store component.</param>
    /// <param name="key">The key.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <returns>The value and its ETag; the type's default and an empty ETag if there is none.</returns>
    /// <exception cref="DaprException">The store could not be read.</exception>
    public static async Task<(T? Value, string ETag)> GetStateAndETagAsync<T>(
        this DaprClient dapr, string storeName, string key, CancellationToken cancellationToken)
    {
        var (value, etag) = await CallAsync(
            $"get {key}", token => dapr.GetStateAndETagAsync<T>(storeName, key, cancellationToken: token), cancellationToken);
        return (value, etag ?? "");
    }

    /// <summary>Reads several values, in as few calls as their size allows.</summary>
    /// <param name="dapr">The sidecar.</param>
    /// <param name="storeName">The state store component.</param>
    /// <param name="keys">The distinct keys.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <returns>The values by key; keys without a value are missing.</returns>
    /// <exception cref="DaprException">The store, or one of the keys, could not be read.</exception>
    public static async Task<IReadOnlyDictionary<string, (JsonElement Value, string ETag)>> GetBulkStateAsync(
        this DaprClient dapr, string storeName, IReadOnlyList<string> keys, CancellationToken cancellationToken)
    {
        var found = new Dictionary<string, (JsonElement, string)>(keys.Count, StringComparer.Ordinal);
        foreach (var batch in keys.Chunk(MaxKeysRead))
        {
            await ReadAsync(dapr, storeName, batch, found, cancellationToken);
        }

        return found;
    }

    /// <summary>Saves a value unconditionally.</summary>
    /// <param name="dapr">The sidecar.</param>
    /// <param name="storeName">The state store component.</param>
    /// <param name="key">The key.</param>
    /// <param name="value">The value, saved as JSON.</param>
    /// <param name="timeToLive">When the store deletes it; whole seconds, at least one.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <exception cref="DaprException">The value may or may not be saved.</exception>
    public static Task SaveStateAsync<T>(
        this DaprClient dapr, string storeName, string key, T value, TimeSpan timeToLive, CancellationToken cancellationToken) =>
        CallAsync(
            $"save {key}", token => dapr.SaveStateAsync(storeName, key, value, metadata: Metadata(timeToLive), cancellationToken: token), cancellationToken);

    /// <summary>Saves several values, in as few calls as their size allows. Not atomic: after a failure some may be saved.</summary>
    /// <param name="dapr">The sidecar.</param>
    /// <param name="storeName">The state store component.</param>
    /// <param name="items">Distinct keys and their values.</param>
    /// <param name="timeToLive">When the store deletes them; whole seconds, at least one.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <exception cref="DaprException">Any of the values may be saved.</exception>
    public static async Task SaveBulkStateAsync<T>(
        this DaprClient dapr, string storeName, IEnumerable<(string Key, T Value)> items, TimeSpan timeToLive, CancellationToken cancellationToken)
    {
        var metadata = Metadata(timeToLive);
        foreach (var batch in Batches(items.Select(item => new SaveStateItem<T>(item.Key, item.Value, etag: null!, metadata: metadata)), MaxSavedBytes, item => item.Value))
        {
            await CallAsync($"save {batch.Count} keys", token => dapr.SaveBulkStateAsync(storeName, batch, token), cancellationToken);
        }
    }

    /// <summary>Saves a value if the stored version is still the one that was read.</summary>
    /// <param name="dapr">The sidecar.</param>
    /// <param name="storeName">The state store component.</param>
    /// <param name="key">The key.</param>
    /// <param name="value">The value, saved as JSON.</param>
    /// <param name="etag">The version that was read; empty to save only if there is no value.</param>
    /// <param name="timeToLive">When the store deletes it; whole seconds, at least one.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <returns>False when another writer changed the value in between.</returns>
    /// <exception cref="DaprException">
    /// The value may or may not be saved. With an empty ETag, PostgreSQL and Redis also report an existing value this way
    /// (<see cref="IsInternal"/>): read again to find out.
    /// </exception>
    public static Task<bool> TrySaveStateAsync<T>(
        this DaprClient dapr, string storeName, string key, T value, string etag, TimeSpan timeToLive, CancellationToken cancellationToken) =>
        CallAsync(
            $"save {key}",
            token => dapr.TrySaveStateAsync(
                storeName, key, value, etag, new StateOptions { Concurrency = ConcurrencyMode.FirstWrite }, Metadata(timeToLive), token),
            cancellationToken);

    /// <summary>Deletes a value. Does nothing if there is none.</summary>
    /// <param name="dapr">The sidecar.</param>
    /// <param name="storeName">The state store component.</param>
    /// <param name="key">The key.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <exception cref="DaprException">The value may or may not be deleted.</exception>
    public static Task DeleteStateAsync(this DaprClient dapr, string storeName, string key, CancellationToken cancellationToken) =>
        CallAsync($"delete {key}", token => dapr.DeleteStateAsync(storeName, key, cancellationToken: token), cancellationToken);

    /// <summary>Deletes several values in few calls. Ignores keys without a value.</summary>
    /// <param name="dapr">The sidecar.</param>
    /// <param name="storeName">The state store component.</param>
    /// <param name="keys">The distinct keys.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <exception cref="DaprException">Any of the values may be deleted; deleting again is safe.</exception>
    public static async Task DeleteBulkStateAsync(this DaprClient dapr, string storeName, IReadOnlyList<string> keys, CancellationToken cancellationToken)
    {
        foreach (var batch in keys.Chunk(MaxKeysDeleted))
        {
            var items = batch.Select(key => new BulkDeleteStateItem(key, etag: null!)).ToList();
            await CallAsync($"delete {batch.Length} keys", token => dapr.DeleteBulkStateAsync(storeName, items, token), cancellationToken);
        }
    }

    /// <summary>Whether the store's data is damaged, so that retries do not help. Only the local sidecar reports this.</summary>
    public static bool IsDataDamaged(this DaprException exception) => StatusOf(exception) == StatusCode.DataLoss;

    /// <summary>Whether the store failed, or rejected a first write with an error instead of a conflict.</summary>
    internal static bool IsInternal(this DaprException exception) => StatusOf(exception) == StatusCode.Internal;

    // The SDK drops an item's error, so a key that could not be read looks like one without a value. Each such key is read again on its own.
    private static async Task ReadAsync(
        DaprClient dapr, string storeName, string[] keys, Dictionary<string, (JsonElement, string)> found, CancellationToken cancellationToken)
    {
        IReadOnlyList<BulkStateItem> items;
        try
        {
            items = await CallAsync(
                $"get {keys.Length} keys", token => dapr.GetBulkStateAsync(storeName, keys, KeysReadAtOnce, cancellationToken: token), cancellationToken);
        }
        catch (DaprException exception) when (keys.Length > 1 && StatusOf(exception) == StatusCode.ResourceExhausted)
        {
            await ReadAsync(dapr, storeName, keys[..(keys.Length / 2)], found, cancellationToken);
            await ReadAsync(dapr, storeName, keys[(keys.Length / 2)..], found, cancellationToken);
            return;
        }

        foreach (var item in items)
        {
            var (value, etag) = item.Value is { Length: > 0 } json
                ? (JsonSerializer.Deserialize<JsonElement?>(json, PipelineJson.Options), item.ETag)
                : await dapr.GetStateAndETagAsync<JsonElement?>(storeName, item.Key, cancellationToken);
            if (value is { ValueKind: not JsonValueKind.Null } present)
            {
                found[item.Key] = (present, etag ?? "");
            }
        }
    }

    private static Task<bool> CallAsync(string what, Func<CancellationToken, Task> call, CancellationToken cancellationToken) =>
        CallAsync(
            what,
            async token =>
            {
                await call(token);
                return true;
            },
            cancellationToken);

    private static Task<T> CallAsync<T>(string what, Func<CancellationToken, Task<T>> call, CancellationToken cancellationToken) =>
        CallAsync(what, call, Timeout, cancellationToken);

    /// <summary>Makes one call of the client. Exception messages name the call, its keys and its status, but neither the data nor the component's message.</summary>
    internal static async Task<T> CallAsync<T>(string what, Func<CancellationToken, Task<T>> call, TimeSpan timeout, CancellationToken cancellationToken)
    {
        using var limited = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limited.CancelAfter(timeout);
        try
        {
            return await call(limited.Token);
        }
        catch (Exception exception) when (exception is OperationCanceledException || StatusOf(exception) == StatusCode.Cancelled)
        {
            cancellationToken.ThrowIfCancellationRequested();
            throw new DaprException($"The Dapr sidecar did not {what} within {timeout.TotalSeconds:0.#} s.", exception);
        }
        catch (Exception exception) when (StatusOf(exception) is { } status)
        {
            throw new DaprException(
                status == StatusCode.Unavailable ? $"The Dapr sidecar could not be reached to {what}." : $"Dapr failed to {what}: {status}.", exception.InnerException ?? exception);
        }
    }

    private static StatusCode? StatusOf(Exception exception) => (exception as RpcException ?? exception.InnerException as RpcException)?.StatusCode;

    private static IEnumerable<List<T>> Batches<T>(IEnumerable<T> items, int maxBytes) => Batches(items, maxBytes, item => item);

    // Batches by the bytes sent, not by characters: a character takes up to six bytes. An item over the limit forms a batch of its own.
    private static IEnumerable<List<TItem>> Batches<TItem, TSent>(IEnumerable<TItem> items, int maxBytes, Func<TItem, TSent> sent)
    {
        var (batch, bytes) = (new List<TItem>(), 0);
        foreach (var item in items)
        {
            var size = JsonSerializer.SerializeToUtf8Bytes(sent(item), PipelineJson.Options).Length;
            if (batch.Count > 0 && bytes + size > maxBytes)
            {
                yield return batch;
                (batch, bytes) = ([], 0);
            }

            batch.Add(item);
            bytes += size;
        }

        if (batch.Count > 0)
        {
            yield return batch;
        }
    }

    private static Dictionary<string, string> Metadata(TimeSpan timeToLive) =>
        new() { ["ttlInSeconds"] = Math.Max(1, (long)timeToLive.TotalSeconds).ToString() };
}
