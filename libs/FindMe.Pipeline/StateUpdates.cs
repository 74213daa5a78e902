
using Dapr;
using Dapr.Client;

namespace FindMe.Pipeline;

/// <summary>Changes documents that several processes write.</summary>
/// <remarks>
/// A conflict need not be somebody else's: where the store's reply is lost, daprd writes once more under the ETag that its first write used up.
/// So each write of a <see cref="Document"/> has a name, and one that is found in the store was done and is not done again.
/// </remarks>
public static class StateUpdates
{
    /// <summary>Attempts at one document before giving up: the delivery or request is then repeated by whoever made it.</summary>
    private const int MaxAttempts = 50;

    /// <summary>Reads a document, changes it and saves it, again if somebody else wrote meanwhile.</summary>
    /// <param name="dapr">The state store.</param>
    /// <param name="key">The document's key.</param>
    /// <param name="change">What to write, or the same object where there is nothing to do. May be called several times.</param>
    /// <param name="timeToLive">When the store forgets it.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The document as it is now; null where there is none, and then nothing was written.</returns>
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

            if (IsWrite(changed, document))
            {
                return changed;
            }

            changed = change(document);
            if (ReferenceEquals(changed, document))
            {
                return changed;
            }

            changed = Named(changed);
            if (await dapr.TrySaveStateAsync(StateKeys.Store, key, changed, etag, timeToLive(changed), cancellationToken))
            {
                return changed;
            }

            await BackOffAsync(attempt, key, cancellationToken);
        }
    }

    /// <summary>As <see cref="UpdateStateAsync"/>, and writes the document where there is none.</summary>
    /// <param name="dapr">The state store.</param>
    /// <param name="key">The document's key. It must never be written without an ETag: Redis would not tell two creators apart.</param>
    /// <param name="change">What to write in place of what is there (null: nothing is), or the same object where there is nothing to do. May be called several times.</param>
    /// <param name="timeToLive">When the store forgets it.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The document as it is now.</returns>
    /// <exception cref="DaprException">The store could not be read or written.</exception>
    public static async Task<T> CreateOrUpdateStateAsync<T>(
        this DaprClient dapr, string key, Func<T?, T> change, Func<T, TimeSpan> timeToLive, CancellationToken cancellationToken)
        where T : class
    {
        T? changed = null;
        for (var attempt = 1; ; attempt++)
        {
            var (document, etag) = await dapr.GetStateAndETagAsync<T>(StateKeys.Store, key, cancellationToken);
            if (changed is not null && IsWrite(changed, document))
            {
                return changed;
            }

            changed = change(document);
            if (ReferenceEquals(changed, document))
            {
                return changed;
            }

            changed = Named(changed);
            try
            {
                if (await dapr.TrySaveStateAsync(StateKeys.Store, key, changed, etag, timeToLive(changed), cancellationToken))
                {
                    return changed;
                }
            }
            catch (DaprException exception) when (document is null && exception.IsInternal())
            {
                // PostgreSQL and Redis say so where somebody else has created it meanwhile: the next look tells.
            }

            await BackOffAsync(attempt, key, cancellationToken);
        }
    }

    private static T Named<T>(T document)
        where T : class =>
        document is Document known ? (T)(object)(known with { Write = Guid.NewGuid().ToString("N") }) : document;

    private static bool IsWrite<T>(T? written, T? found) => written is Document { Write: { } name } && found is Document there && there.Write == name;

    /// <summary>Waits a random while after losing a race, longer the more were lost.</summary>
    /// <param name="attempt">The attempt that was lost, from 1.</param>
    /// <param name="key">The document's key.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="DaprException">Too many attempts were lost.</exception>
    public static Task BackOffAsync(int attempt, string key, CancellationToken cancellationToken) => attempt < MaxAttempts
        ? Task.Delay(Random.Shared.Next(1, 4 * Math.Min(attempt, 16)), cancellationToken)
        : throw new DaprException($"{key} changed {MaxAttempts} times while it was to be written.");
}
