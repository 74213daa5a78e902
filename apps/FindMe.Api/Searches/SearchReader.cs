using System.Security.Cryptography;
using System.Text.Json;
using Dapr.Client;
using FindMe.Networks;
using FindMe.Pipeline;

namespace FindMe.Api;

/// <summary>A search as it stood at one moment.</summary>
/// <param name="Search">Its document.</param>
/// <param name="Batches">The batches of its pages, in order, with what its person says of the faces in them.</param>
/// <param name="Judgements">The version of what they say; null: they never said anything.</param>
/// <param name="AlbumMargin">How much nearer than usual a face must be, since people of this album look alike; 0 until the search has ended.</param>
internal sealed record SearchSnapshot(Search Search, IReadOnlyList<PhotoBatch> Batches, string? Judgements, float AlbumMargin = 0)
{
    public int Found => Search.Pages.Sum(page => page.Photos);

    public int Settled => Batches.Sum(batch => batch.SettledCount());

    /// <summary>Nothing about it will change any more, but that it may be deleted.</summary>
    public bool IsEnded() => Search.Stage switch
    {
        SearchStage.Listing => false,
        SearchStage.Listed => Settled == Found,
        _ => true,
    };
}

/// <summary>Reads searches: the document and what its person says of faces, then all batches in one request.</summary>
internal sealed partial class SearchReader(DaprClient dapr, Judgements judgements, OptOuts optOuts, AlbumMargins margins, ILogger<SearchReader> logger)
{
    /// <summary>Reads a person's search.</summary>
    /// <param name="id">The search's id.</param>
    /// <param name="person">Whose it must be.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <param name="settledBatches">Batches that were read before and that never change again, by key; null: none. More are added.</param>
    /// <returns>Null when there is none, or it is somebody else's.</returns>
    public async Task<SearchSnapshot?> TryReadAsync(
        string id, string person, CancellationToken cancellationToken, Dictionary<string, PhotoBatch>? settledBatches = null)
    {
        var documents = await dapr.GetBulkStateAsync(StateKeys.Store, [StateKeys.Search(id), .. Judgements.KeysOf(person)], cancellationToken);
        var search = documents.TryGetValue(StateKeys.Search(id), out var document) ? document.Value.Read<Search>() : null;
        if (search is null || search.Person != person || search.Stage == SearchStage.Deleted)
        {
            return null;
        }

        settledBatches ??= [];
        var keys = search.BatchKeys().ToList();
        var found = await dapr.GetBulkStateAsync(StateKeys.Store, [.. keys.Where(key => !settledBatches.ContainsKey(key))], cancellationToken);
        var batches = new List<PhotoBatch>(keys.Count);
        foreach (var key in keys)
        {
            if (settledBatches.TryGetValue(key, out var settled))
            {
                batches.Add(settled);
            }
            else if (found.TryGetValue(key, out var entry))
            {
                var batch = entry.Value.Read<PhotoBatch>();
                batches.Add(batch);
                if (batch.IsSettled())
                {
                    settledBatches[key] = batch;
                }
            }
            else
            {
                // It was deleted while it was read.
                return null;
            }
        }

        var judged = JudgementsOf(person, documents);
        var snapshot = margins.Apply(new SearchSnapshot(search, batches, judged.Version));
        return snapshot with { Batches = [.. snapshot.Batches.Select(WithoutOptOuts).Select(batch => With(batch, judged))] };
    }

    /// <summary>Reads one photo that counts as found, or may be the person: what may be taken along and shared.</summary>
    /// <remarks>Reads the whole search, because the album's margin decides too.</remarks>
    /// <param name="id">The search's id.</param>
    /// <param name="person">Whose it must be.</param>
    /// <param name="listing">The listing of the photo's page.</param>
    /// <param name="index">The photo's place on its page.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>Null when there is no such photo.</returns>
    public async Task<(Search Search, BatchPhoto Photo)?> TryReadFoundPhotoAsync(string id, string person, int listing, int index, CancellationToken cancellationToken) =>
        await TryReadAsync(id, person, cancellationToken) is { } snapshot
        && ExportedPhoto.Of(snapshot).Find(photo => photo.Key == $"{listing}-{index}") is { } found
            ? (snapshot.Search, found.Photo)
            : null;

    /// <summary>Reads one photo of a person's search that shows a face near theirs, found or not, with what the person says of that face.</summary>
    /// <remarks>The album's margin is not applied: do not use its kind to decide whether the photo counts.</remarks>
    /// <param name="id">The search's id.</param>
    /// <param name="person">Whose it must be.</param>
    /// <param name="listing">The listing of the photo's page.</param>
    /// <param name="index">The photo's place on its page.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>Null when no face near the person's is on it, or it must not be shown.</returns>
    public async Task<(Search Search, BatchPhoto Photo)?> TryReadPhotoAsync(string id, string person, int listing, int index, CancellationToken cancellationToken)
    {
        if (index < 0)
        {
            return null;
        }

        var batchKey = StateKeys.Batch(id, listing, PhotoBatch.Of(index));
        var documents = await dapr.GetBulkStateAsync(StateKeys.Store, [StateKeys.Search(id), batchKey, .. Judgements.KeysOf(person)], cancellationToken);
        return documents.TryGetValue(StateKeys.Search(id), out var document)
            && document.Value.Read<Search>() is var search
            && search.Person == person
            && search.Stage != SearchStage.Deleted
            && index < search.Pages.FirstOrDefault(page => page.Listing == listing)?.Photos
            && documents.TryGetValue(batchKey, out var batch)
            && batch.Value.Read<PhotoBatch>().Photos.FirstOrDefault(photo => photo.Index == index) is { Verdict.Box: not null } photo
            && !IsHidden(photo)
                ? (search, photo.With(JudgementsOf(person, documents)))
                : null;
    }

    private PersonJudgements JudgementsOf(string person, IReadOnlyDictionary<string, (JsonElement Value, string ETag)> documents)
    {
        try
        {
            return judgements.From(person, documents);
        }
        catch (CryptographicException exception)
        {
            // What was found can be shown without them, and they are not lost.
            LogUnread(logger, exception);
            return PersonJudgements.None;
        }
    }

    private static PhotoBatch With(PhotoBatch batch, PersonJudgements judgements) => judgements.All.Count > 0
        ? batch with { Photos = [.. batch.Photos.Select(photo => photo.With(judgements))] }
        : batch;

    // Who opts out later is not shown from then on either.
    private PhotoBatch WithoutOptOuts(PhotoBatch batch) => batch.Photos.Any(IsHidden)
        ? batch with { Photos = [.. batch.Photos.Select(photo => IsHidden(photo) ? photo with { Verdict = Hidden(photo.Verdict!) } : photo)] }
        : batch;

    private static Verdict Hidden(Verdict verdict) => verdict.Kind == VerdictKind.No
        ? new Verdict { Kind = VerdictKind.No, Order = verdict.Order }
        : Verdict.Skipped("Its author has asked not to be searched.") with { Order = verdict.Order };

    /// <summary>Whether a photo must not be shown, since its author has opted out.</summary>
    public bool IsHidden(BatchPhoto photo) =>
        photo.Verdict is { Box: not null } verdict
        && (optOuts.Includes(photo.Post.Network ?? "", photo.Post.Author)

            // X charges for names, so only those of matches are looked up: of the others nobody can tell who has opted out.
            || (verdict.Kind == VerdictKind.No && photo.Post is { Network: SourceNames.X, Author: null } && !optOuts.IsEmpty));

    [LoggerMessage(Level = LogLevel.Warning, Message = "The key ring cannot decrypt a person's judgements now; their search is shown without them.")]
    private static partial void LogUnread(ILogger logger, Exception exception);
}
