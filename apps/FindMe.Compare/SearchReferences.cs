using System.Collections.Concurrent;
using System.Security.Cryptography;
using FindMe.Faces;
using FindMe.Pipeline;
using FindMe.Pipeline.Dapr;

namespace FindMe.Compare;

/// <summary>The references of the searches at work, decrypted, in memory for minutes.</summary>
/// <remarks>
/// They are kept under the search and the ids it names. Each photo reads its search anew, so that a search that was deleted, or a
/// reference that was taken from it, is never compared again, whatever is still in memory here.
/// </remarks>
internal sealed partial class SearchReferences(
    References references, Lazy<FaceEngine> engine, DaprClient dapr, TimeProvider time, ILogger<SearchReferences> logger)
{
    private static readonly TimeSpan Kept = TimeSpan.FromMinutes(2);

    private readonly ConcurrentDictionary<string, Entry> _entries = new();

    /// <summary>The embeddings that the search looks for and that this engine can compare.</summary>
    /// <returns>Empty when none is left.</returns>
    /// <exception cref="CryptographicException">They are there, but the key ring cannot be read now: the photo is delivered again.</exception>
    public async Task<IReadOnlyList<FaceEmbedding>> OfSearchAsync(Search search, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var key = $"{search.Id} {string.Join(' ', search.References)}";
        if (_entries.TryGetValue(key, out var entry) && entry.Until > now)
        {
            return entry.Embeddings;
        }

        foreach (var (old, _) in _entries.Where(pair => pair.Value.Until <= now))
        {
            _entries.TryRemove(old, out _);
        }

        var open = await references.ReadAsync(search.Person, search.References, cancellationToken);
        IReadOnlyList<FaceEmbedding> embeddings =
            [.. open.Where(reference => reference.Recipe == engine.Value.Recipe).Select(reference => FaceEmbedding.FromBytes(reference.Embedding))];
        if (embeddings.Count > 0)
        {
            _entries[key] = new Entry(embeddings, now + Kept);
        }

        return embeddings;
    }

    /// <summary>Ends a search that has nobody to look for.</summary>
    public Task FailSearchAsync(Search search, CancellationToken cancellationToken)
    {
        LogNoReference(logger, search.Id);
        var problem = new SearchProblem(
            "no-reference", "The face to look for is gone, or was taken by an older version of FindMe.", "Show your face again and start a new search.");
        return dapr.UpdateStateAsync<Search>(
            StateKeys.Search(search.Id),
            current => current.IsOpen() ? current with { Stage = SearchStage.Failed, Problem = problem } : current,
            current => current.TimeToLive(time.GetUtcNow()),
            cancellationToken);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Search {SearchId} has no usable reference left.")]
    private static partial void LogNoReference(ILogger logger, string searchId);

    private sealed record Entry(IReadOnlyList<FaceEmbedding> Embeddings, DateTimeOffset Until);
}
