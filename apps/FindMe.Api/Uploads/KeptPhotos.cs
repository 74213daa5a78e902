using Dapr;
using Dapr.Client;
using FindMe.Networks;
using FindMe.Pipeline;

namespace FindMe.Api;

/// <summary>Photos of an upload that outlive it. Lies under <see cref="StateKeys.KeptPhotos"/>.</summary>
/// <param name="Uses">What they are kept for: a report or a link, by the search and its own name.</param>
internal sealed record KeptPhotos(IReadOnlyDictionary<string, KeptPhotos.Use> Uses) : Document
{
    /// <summary>Photos that a report or a link uses.</summary>
    /// <param name="Photos">Their numbers in the upload.</param>
    /// <param name="Until">When it ends.</param>
    internal sealed record Use(IReadOnlyList<int> Photos, DateTimeOffset Until);

    /// <summary>The numbers of all that are still used.</summary>
    public HashSet<int> At(DateTimeOffset now) => [.. Uses.Values.Where(use => use.Until > now).SelectMany(use => use.Photos)];
}

/// <summary>Keeps the photos of uploads that reports and links use for as long as those are there; the others go with their upload.</summary>
internal sealed class PhotoKeeping(DaprClient dapr, UploadFolders folders, TimeProvider time)
{
    /// <summary>What a search's report keeps photos for.</summary>
    public const string Report = "report";

    /// <summary>Keeps photos, in place of those that were kept for the same thing before.</summary>
    /// <param name="search">Their search; nothing happens where it is not one of an upload.</param>
    /// <param name="use">What they are kept for: <see cref="Report"/>, or a link's hash.</param>
    /// <param name="photos">The photos; none: none is kept for this any more.</param>
    /// <param name="until">When that ends.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="DaprException">It is not known whether they are kept; keeping them again is safe.</exception>
    public async Task KeepAsync(Search search, string use, IEnumerable<ExportedPhoto> photos, DateTimeOffset until, CancellationToken cancellationToken)
    {
        if (search.Source == SourceNames.Zip)
        {
            var numbers = photos.Select(photo => photo.Photo.Locator.Path).OfType<string>().Select(int.Parse).ToList();
            await ChangeAsync(search, uses => uses[$"{search.Id}/{use}"] = new KeptPhotos.Use(numbers, until), cancellationToken);
        }
    }

    /// <summary>Keeps photos for a thing no longer.</summary>
    /// <param name="search">Their search.</param>
    /// <param name="use">What they were kept for; null: everything of that search.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="DaprException">They may still be kept.</exception>
    public async Task ReleaseAsync(Search search, string? use, CancellationToken cancellationToken)
    {
        if (search.Source == SourceNames.Zip && await dapr.GetStateAsync<KeptPhotos>(StateKeys.Store, StateKeys.KeptPhotos(search.Query), cancellationToken) is not null)
        {
            await ChangeAsync(
                search,
                uses =>
                {
                    foreach (var name in uses.Keys.Where(name => use is null ? name.StartsWith($"{search.Id}/", StringComparison.Ordinal) : name == $"{search.Id}/{use}").ToList())
                    {
                        uses.Remove(name);
                    }
                },
                cancellationToken);
        }
    }

    /// <summary>Bytes of the photos that are kept of a person, by upload; 0: none are any more.</summary>
    /// <param name="person">Their document.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<IReadOnlyDictionary<string, long>> BytesAsync(Person person, CancellationToken cancellationToken)
    {
        var bytes = new Dictionary<string, long>();
        foreach (var upload in person.KeptUploads)
        {
            bytes[upload] = (await NumbersAsync(upload, cancellationToken)).Select(number => new FileInfo(folders.FileOf(upload, number))).Where(file => file.Exists).Sum(file => file.Length);
        }

        return bytes;
    }

    /// <summary>Deletes the photos of an expired upload, except those that are kept.</summary>
    /// <param name="folder">The upload's folder.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>Whether the folder is gone.</returns>
    /// <exception cref="DaprException">The store could not be read: nothing was deleted.</exception>
    /// <exception cref="IOException">Some of it may still be there.</exception>
    public async Task<bool> SweepAsync(DirectoryInfo folder, CancellationToken cancellationToken)
    {
        var kept = (await NumbersAsync(folder.Name, cancellationToken)).Select(number => $"{number}").ToHashSet();
        if (kept.Count == 0)
        {
            folder.Delete(recursive: true);
            await dapr.DeleteStateAsync(StateKeys.Store, StateKeys.KeptPhotos(folder.Name), cancellationToken);
            return true;
        }

        foreach (var file in folder.EnumerateFiles().Where(file => !kept.Contains(file.Name)))
        {
            file.Delete();
        }

        return false;
    }

    private async Task<HashSet<int>> NumbersAsync(string upload, CancellationToken cancellationToken) =>
        (await dapr.GetStateAsync<KeptPhotos>(StateKeys.Store, StateKeys.KeptPhotos(upload), cancellationToken))?.At(time.GetUtcNow()) ?? [];

    private async Task ChangeAsync(Search search, Action<Dictionary<string, KeptPhotos.Use>> change, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();

        // Their list first: whatever happens now, "delete everything about me" finds the photos.
        if (await dapr.UpdatePersonAsync(
            search.Person, person => person.KeptUploads.Contains(search.Query) ? person : person with { KeptUploads = [.. person.KeptUploads, search.Query] }, cancellationToken) is null)
        {
            return;
        }

        await dapr.CreateOrUpdateStateAsync<KeptPhotos>(
            StateKeys.KeptPhotos(search.Query),
            kept =>
            {
                var uses = (kept?.Uses ?? new Dictionary<string, KeptPhotos.Use>()).Where(use => use.Value.Until > now).ToDictionary();
                change(uses);
                return (kept ?? new KeptPhotos(uses)) with { Uses = uses };
            },
            kept => kept.Uses.Values.Select(use => use.Until - now).DefaultIfEmpty(TimeSpan.FromHours(1)).Max(),
            cancellationToken);
    }
}
