using System.Security.Cryptography;
using Dapr.Client;
using FindMe.Faces;
using FindMe.Pipeline;
using Microsoft.Extensions.Options;

namespace FindMe.Compare;

/// <summary>Caches the decrypted references of running searches in memory, for <see cref="CompareOptions.ReferencesKept"/>.</summary>
/// <remarks>
/// The cache key contains the search and its reference ids. Each photo reads its search again, so a deleted search, or a reference removed
/// from it, is never compared again even if it is still cached. Once a second, expired entries and entries deleted from the store are evicted
/// and overwritten, also when no photos arrive.
/// </remarks>
internal sealed partial class SearchReferences(
    References references, Judgements judgements, Lazy<FaceEngine> engine, DaprClient dapr, IOptions<CompareOptions> options, TimeProvider time, ILogger<SearchReferences> logger)
    : BackgroundService
{
    // The longest time that a deleted person's embedding stays in memory.
    private static readonly TimeSpan EvictionInterval = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private readonly Dictionary<string, Entry> _entries = [];

    /// <summary>Returns the embeddings that the search looks for and that this engine can compare.</summary>
    /// <returns>Empty when no reference is left. The caller disposes of them after the comparison; until then they are not overwritten.</returns>
    /// <exception cref="CryptographicException">The references exist, but the key ring cannot be read now: the photo is redelivered.</exception>
    public async Task<WantedFaces> OfSearchAsync(Search search, CancellationToken cancellationToken)
    {
        var key = $"{search.Id} {string.Join(' ', search.References)}";
        lock (_lock)
        {
            if (_entries.TryGetValue(key, out var known) && known.Until > time.GetUtcNow())
            {
                return known.Faces.Share();
            }
        }

        var open = await references.ReadAsync(search.Person, search.References, cancellationToken);
        var judged = await judgements.ReadAsync(search.Person, cancellationToken);
        var faces = new WantedFaces(
            [.. open.Values.Where(reference => reference.Recipe == engine.Value.Recipe).Select(reference => FaceEmbedding.FromBytes(reference.Embedding))], judged);
        foreach (var reference in open.Values)
        {
            CryptographicOperations.ZeroMemory(reference.Embedding);
        }

        if (faces.Embeddings.Count > 0)
        {
            var entry = new Entry(
                faces.Share(),
                time.GetUtcNow() + options.Value.ReferencesKept,
                [StateKeys.PersonKey(search.Person), .. open.Keys.Select(id => StateKeys.Reference(search.Person, id))]);
            lock (_lock)
            {
                Evict(key);
                _entries[key] = entry;
            }
        }

        return faces;
    }

    /// <summary>Fails a search that has no usable reference left.</summary>
    public Task FailSearchAsync(Search search, CancellationToken cancellationToken)
    {
        LogNoReference(logger, search.Id);
        var problem = new SearchProblem(
            "no-reference", "Your selfie was deleted, or an older version of FindMe processed it.", "Add a selfie and start a new search.");
        return dapr.UpdateStateAsync<Search>(
            StateKeys.Search(search.Id),
            current => current.IsOpen() ? current with { Stage = SearchStage.Failed, Problem = problem } : current,
            current => current.TimeToLive(time.GetUtcNow()),
            cancellationToken);
    }

    /// <inheritdoc />
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(EvictionInterval, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                await EvictAsync(stoppingToken);
            }
            catch (Exception exception) when (exception is not OperationCanceledException || !stoppingToken.IsCancellationRequested)
            {
                // The next round retries. Expired entries are evicted even so. An exception thrown from here would stop the app.
                LogNotChecked(logger, exception);
            }
        }
    }

    private async Task EvictAsync(CancellationToken cancellationToken)
    {
        List<string> needed;
        lock (_lock)
        {
            var now = time.GetUtcNow();
            foreach (var (key, _) in _entries.Where(entry => entry.Value.Until <= now).ToList())
            {
                Evict(key);
            }

            needed = [.. _entries.Values.SelectMany(entry => entry.Needs).Distinct()];
        }

        if (needed.Count == 0)
        {
            return;
        }

        var found = await dapr.GetBulkStateAsync(StateKeys.Store, needed, cancellationToken);
        lock (_lock)
        {
            foreach (var (key, _) in _entries.Where(entry => entry.Value.Needs.Any(name => needed.Contains(name) && !found.ContainsKey(name))).ToList())
            {
                Evict(key);
            }
        }
    }

    private void Evict(string key)
    {
        if (_entries.Remove(key, out var entry))
        {
            entry.Faces.Dispose();
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Search {SearchId} has no usable reference left.")]
    private static partial void LogNoReference(ILogger logger, string searchId);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Failed to check whether cached references were deleted; will retry in a second.")]
    private static partial void LogNotChecked(ILogger logger, Exception exception);

    /// <summary>A cached search.</summary>
    /// <param name="Faces">The embeddings.</param>
    /// <param name="Until">When the entry is evicted.</param>
    /// <param name="Needs">The state keys that must exist; if one is deleted, the entry is evicted.</param>
    private sealed record Entry(WantedFaces Faces, DateTimeOffset Until, IReadOnlyList<string> Needs);
}

/// <summary>Reference-counted embeddings to compare with, and their person's judgements of faces. The last user to dispose them overwrites the embeddings.</summary>
internal sealed class WantedFaces : IDisposable
{
    private readonly Shares _shares;
    private int _disposed;

    public WantedFaces(IReadOnlyList<FaceEmbedding> embeddings, PersonJudgements judgements)
        : this(new Shares(embeddings, judgements))
    {
    }

    private WantedFaces(Shares shares) => _shares = shares;

    public IReadOnlyList<FaceEmbedding> Embeddings => _shares.Embeddings;

    public PersonJudgements Judgements => _shares.Judgements;

    /// <summary>Returns the same embeddings for one more user. Only a current user may call this.</summary>
    public WantedFaces Share()
    {
        Interlocked.Increment(ref _shares.Count);
        return new WantedFaces(_shares);
    }

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0 && Interlocked.Decrement(ref _shares.Count) == 0)
        {
            foreach (var embedding in Embeddings)
            {
                embedding.Erase();
            }
        }
    }

    private sealed class Shares(IReadOnlyList<FaceEmbedding> embeddings, PersonJudgements judgements)
    {
        public int Count = 1;

        public IReadOnlyList<FaceEmbedding> Embeddings => embeddings;

        public PersonJudgements Judgements => judgements;
    }
}
