
using Dapr;
using Dapr.Client;

namespace FindMe.Pipeline;

/// <summary>Updates documents that several processes write, with optimistic concurrency.</summary>
/// <remarks>
/// A writer can conflict with itself: when the store's response is lost, daprd repeats the write under the ETag that its first attempt used up.
/// So each write of a <see cref="Document"/> has an id, and an update that finds its own id in the store returns instead of writing again.
/// </remarks>
public static class StateUpdates
{
    /// <summary>Attempts at one document, 50, before an exception has the delivery or request retried.</summary>
    private const int MaxAttempts = 50;

    /// <summary>Reads a document, changes it and saves it; retries on ETag conflicts.</summary>
    /// <param name="dapr">The state store.</param>
    /// <param name="key">The document's key.</param>
    /// <param name="change">Returns the new document, or the same object to write nothing. May be called several times.</param>
    /// <param name="timeToLive">When the store deletes the document.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <returns>The current document; null when there is none, in which case nothing is written.</returns>
    /// <exception cref="DaprException">The store could not be read or written.</exception>
    public static async Task<T?> UpdateStateAsync<T>(
        this DaprClient dapr, string key, Func<T, T> change, Func<T, TimeSpan> timeToLive, CancellationToken cancellationToken)
        where T : class
    {
        T? changed = null;
        for (var attempt = 1; ; attempt++)
        {
            var (document, etag) = await dapr.GetStateAndETagAsync<T>(StateKeys.Store, key, cancellationToken);
            if (document is null)
            {
                return null;
            }

            if (IsOwnWrite(changed, document))
            {
                return changed;
            }

            changed = change(document);
            if (ReferenceEquals(changed, document))
            {
                return changed;
            }

            changed = WithWriteId(changed);
            if (await dapr.TrySaveStateAsync(StateKeys.Store, key, changed, etag, timeToLive(changed), cancellationToken))
            {
                return changed;
            }

            await BackOffAsync(attempt, key, cancellationToken);
        }
    }

    /// <summary>Like <see cref="UpdateStateAsync"/>, but creates the document if it does not exist.</summary>
    /// <param name="dapr">The state store.</param>
    /// <param name="key">The document's key. Never write it without an ETag: Redis could not tell two creators apart.</param>
    /// <param name="change">Gets the stored document, or null if there is none. Returns the new one, or the same object to write nothing. May be called several times.</param>
    /// <param name="timeToLive">When the store deletes the document.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <returns>The current document.</returns>
    /// <exception cref="DaprException">The store could not be read or written.</exception>
    public static async Task<T> CreateOrUpdateStateAsync<T>(
        this DaprClient dapr, string key, Func<T?, T> change, Func<T, TimeSpan> timeToLive, CancellationToken cancellationToken)
        where T : class
    {
        T? changed = null;
        for (var attempt = 1; ; attempt++)
        {
            var (document, etag) = await dapr.GetStateAndETagAsync<T>(StateKeys.Store, key, cancellationToken);
            if (changed is not null && IsOwnWrite(changed, document))
            {
                return changed;
            }

            changed = change(document);
            if (ReferenceEquals(changed, document))
            {
                return changed;
            }

            changed = WithWriteId(changed);
            try
            {
                if (await dapr.TrySaveStateAsync(StateKeys.Store, key, changed, etag, timeToLive(changed), cancellationToken))
                {
                    return changed;
                }
            }
            catch (DaprException exception) when (document is null && exception.IsInternal())
            {
                // PostgreSQL and Redis report a concurrent creation this way; the next read finds it.
            }

            await BackOffAsync(attempt, key, cancellationToken);
        }
    }

    private static T WithWriteId<T>(T document)
        where T : class =>
        document is Document known ? (T)(object)(known with { Write = Guid.NewGuid().ToString("N") }) : document;

    private static bool IsOwnWrite<T>(T? written, T? found) => written is Document { Write: { } name } && found is Document there && there.Write == name;

    /// <summary>Waits after an ETag conflict, for a random time that grows with the number of conflicts.</summary>
    /// <param name="attempt">The number of the attempt that failed, from 1.</param>
    /// <param name="key">The document's key.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <exception cref="DaprException">Too many attempts failed.</exception>
    public static Task BackOffAsync(int attempt, string key, CancellationToken cancellationToken) => attempt < MaxAttempts
        ? Task.Delay(Random.Shared.Next(1, 4 * Math.Min(attempt, 16)), cancellationToken)
        : throw new DaprException($"Failed to update {key}: other writers changed it during each of {MaxAttempts} attempts.");
}
