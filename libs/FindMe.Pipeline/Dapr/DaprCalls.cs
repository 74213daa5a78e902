using System.Text.Json;
using Dapr;
using Dapr.Client;
using Grpc.Core;

namespace FindMe.Pipeline;

/// <summary>
/// FindMe's calls of Dapr's client: what the SDK leaves to its caller, such as a time limit, a time to live, batches below Dapr's size limits,
/// and the ids and traces of events published in bulk.
/// </summary>
/// <remarks>
/// Nothing is retried here: a failure throws a <see cref="DaprException"/>, and Dapr redelivers the message that was being handled. A refused
/// ETag is an expected answer, not an exception. Cancellation stays an <see cref="OperationCanceledException"/>.
/// </remarks>
public static class DaprCalls
{
    /// <summary>How long a call may take, 30 s. The SDK has no limit of its own: a sidecar that accepts a call and never answers would hold it for ever.</summary>
    public static readonly TimeSpan Timeout = TimeSpan.FromSeconds(30);

    // gRPC messages have 4 MiB at most, in both directions; the batches of a page have a tenth of this.
    private const int MaxSavedBytes = 1 << 20;

    // Service Bus Standard takes 256 kB in one message or batch, envelopes included.
    private const int MaxPublishedBytes = 128 << 10;

    // A document has up to 100 kB, most have a tenth of it. Where the answer is beyond 4 MiB all the same, the keys are read in halves.
    private const int MaxKeysRead = 64;

    // Stores without bulk deletes take them one after another, within the time limit of the call.
    private const int MaxKeysDeleted = 256;

    // As many keys as a store without bulk reads is asked for at once; daprd's own default is 10 as well.
    private const int KeysReadAtOnce = 10;

    /// <summary>Publishes an event.</summary>
    /// <param name="dapr">The sidecar.</param>
    /// <param name="topic">The topic.</param>
    /// <param name="id">The event's id: the same event has the same id, however often it is published.</param>
    /// <param name="data">The event's data, sent as JSON.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="DaprException">It is not known whether the event was published.</exception>
    public static async Task PublishAsync<T>(this DaprClient dapr, string topic, string id, T data, CancellationToken cancellationToken)
    {
        using var activity = EventTelemetry.StartPublish(topic);
        await CallAsync(
            $"publish to {topic}", token => dapr.PublishEventAsync(Topics.PubSub, topic, data, EventTelemetry.Envelope(id), token), cancellationToken);
    }

    /// <summary>Publishes several events, in one call where they are not too large for it. The broker may deliver them in any order.</summary>
    /// <param name="dapr">The sidecar.</param>
    /// <param name="topic">The topic.</param>
    /// <param name="events">Each event's id and data; the ids differ.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="DaprException">Not all were published; some may have been.</exception>
    public static async Task BulkPublishAsync<T>(
        this DaprClient dapr, string topic, IEnumerable<(string Id, T Data)> events, CancellationToken cancellationToken)
    {
        using var activity = EventTelemetry.StartPublish(topic);
        // The SDK takes metadata for a whole batch only: ids and traces go in envelopes, which Dapr completes.
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
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The value, or the type's default where there is none.</returns>
    /// <exception cref="DaprException">The store could not be read.</exception>
    public static async Task<T?> GetStateAsync<T>(this DaprClient dapr, string storeName, string key, CancellationToken cancellationToken) =>
        (await dapr.GetStateAndETagAsync<T>(storeName, key, cancellationToken)).Value;

    /// <summary>Reads a value and its version.</summary>
    /// <param name="dapr">The sidecar.</param>
    /// <param name="storeName">The state store component.</param>
    /// <param name="key">The key.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The value and its ETag, or the type's default and an empty ETag where there is none.</returns>
    /// <exception cref="DaprException">The store could not be read.</exception>
    public static async Task<(T? Value, string ETag)> GetStateAndETagAsync<T>(
        this DaprClient dapr, string storeName, string key, CancellationToken cancellationToken)
    {
        var (value, etag) = await CallAsync(
            $"get {key}", token => dapr.GetStateAndETagAsync<T>(storeName, key, cancellationToken: token), cancellationToken);
        return (value, etag ?? "");
    }

    /// <summary>Reads several values, in one call where they are not too large for it.</summary>
    /// <param name="dapr">The sidecar.</param>
    /// <param name="storeName">The state store component.</param>
    /// <param name="keys">The keys, each once.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>What there is, by key: a key without a value is not in it.</returns>
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

    /// <summary>Saves a value, whatever is there.</summary>
    /// <param name="dapr">The sidecar.</param>
    /// <param name="storeName">The state store component.</param>
    /// <param name="key">The key.</param>
    /// <param name="value">The value, saved as JSON.</param>
    /// <param name="timeToLive">When the store deletes it; whole seconds, at least one.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="DaprException">It is not known whether the value was saved.</exception>
    public static Task SaveStateAsync<T>(
        this DaprClient dapr, string storeName, string key, T value, TimeSpan timeToLive, CancellationToken cancellationToken) =>
        CallAsync(
            $"save {key}", token => dapr.SaveStateAsync(storeName, key, value, metadata: Metadata(timeToLive), cancellationToken: token), cancellationToken);

    /// <summary>Saves several values, in one call where they are not too large for it, and not atomically: after a failure some may be saved.</summary>
    /// <param name="dapr">The sidecar.</param>
    /// <param name="storeName">The state store component.</param>
    /// <param name="items">Keys and values, each key once.</param>
    /// <param name="timeToLive">When the store deletes them; whole seconds, at least one.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="DaprException">It is not known which values were saved.</exception>
    public static async Task SaveBulkStateAsync<T>(
        this DaprClient dapr, string storeName, IEnumerable<(string Key, T Value)> items, TimeSpan timeToLive, CancellationToken cancellationToken)
    {
        var metadata = Metadata(timeToLive);
        foreach (var batch in Batches(items.Select(item => new SaveStateItem<T>(item.Key, item.Value, etag: null!, metadata: metadata)), MaxSavedBytes, item => item.Value))
        {
            await CallAsync($"save {batch.Count} keys", token => dapr.SaveBulkStateAsync(storeName, batch, token), cancellationToken);
        }
    }

    /// <summary>Saves a value if what is there is still what was read.</summary>
    /// <param name="dapr">The sidecar.</param>
    /// <param name="storeName">The state store component.</param>
    /// <param name="key">The key.</param>
    /// <param name="value">The value, saved as JSON.</param>
    /// <param name="etag">The version that was read; empty: save only if nothing is there.</param>
    /// <param name="timeToLive">When the store deletes it; whole seconds, at least one.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>False when somebody else has written meanwhile.</returns>
    /// <exception cref="DaprException">
    /// It is not known whether the value was saved. With an empty ETag PostgreSQL and Redis answer so where something is there
    /// (<see cref="IsInternal"/>): read again to know.
    /// </exception>
    public static Task<bool> TrySaveStateAsync<T>(
        this DaprClient dapr, string storeName, string key, T value, string etag, TimeSpan timeToLive, CancellationToken cancellationToken) =>
        CallAsync(
            $"save {key}",
            token => dapr.TrySaveStateAsync(
                storeName, key, value, etag, new StateOptions { Concurrency = ConcurrencyMode.FirstWrite }, Metadata(timeToLive), token),
            cancellationToken);

    /// <summary>Deletes a value; nothing happens where there is none.</summary>
    /// <param name="dapr">The sidecar.</param>
    /// <param name="storeName">The state store component.</param>
    /// <param name="key">The key.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="DaprException">It is not known whether the value was deleted.</exception>
    public static Task DeleteStateAsync(this DaprClient dapr, string storeName, string key, CancellationToken cancellationToken) =>
        CallAsync($"delete {key}", token => dapr.DeleteStateAsync(storeName, key, cancellationToken: token), cancellationToken);

    /// <summary>Deletes several values, in few calls; nothing happens where there are none.</summary>
    /// <param name="dapr">The sidecar.</param>
    /// <param name="storeName">The state store component.</param>
    /// <param name="keys">The keys, each once.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="DaprException">It is not known which values were deleted; deleting again is safe.</exception>
    public static async Task DeleteBulkStateAsync(this DaprClient dapr, string storeName, IReadOnlyList<string> keys, CancellationToken cancellationToken)
    {
        foreach (var batch in keys.Chunk(MaxKeysDeleted))
        {
            var items = batch.Select(key => new BulkDeleteStateItem(key, etag: null!)).ToList();
            await CallAsync($"delete {batch.Length} keys", token => dapr.DeleteBulkStateAsync(storeName, items, token), cancellationToken);
        }
    }

    /// <summary>Whether the store's data is damaged. Only the local sidecar says so; trying again does not help.</summary>
    public static bool IsDataDamaged(this DaprException exception) => StatusOf(exception) == StatusCode.DataLoss;

    /// <summary>Whether the store failed, or refused a first write in a way of its own.</summary>
    internal static bool IsInternal(this DaprException exception) => StatusOf(exception) == StatusCode.Internal;

    // The SDK drops an item's error, and then a key that could not be read looks like one without a value: each such key is read again alone.
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

    /// <summary>Makes one call of the client. Messages name the call, its keys and its status: neither the data nor what a component says of it.</summary>
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

    // By the size of what is sent, which is not the length of its text: a letter takes up to six bytes. What is too large alone goes alone.
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
