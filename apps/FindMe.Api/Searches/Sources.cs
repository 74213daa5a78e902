using Dapr.Client;
using FindMe.Networks;
using FindMe.Pipeline;
using Microsoft.Extensions.Options;

namespace FindMe.Api;

/// <summary>A kind of source, and what it takes.</summary>
/// <param name="Name">What <c>POST /api/searches</c> calls it.</param>
/// <param name="Title">What a person calls it.</param>
/// <param name="Available">Whether this person can search it now.</param>
/// <param name="Reason">Why not, and what to know before; null: nothing.</param>
/// <param name="Needs">What is missing: <c>nothing</c>, an <c>account</c> of the person, or the <c>operator</c>.</param>
/// <param name="Query">What it is asked.</param>
/// <param name="Fields">Which of since, until, language, limit and maxCost it takes.</param>
internal sealed record SourceView(
    string Name, string Title, bool Available, string? Reason, string Needs, QueryView Query, IReadOnlyList<string> Fields)
{
    /// <summary>Its name as the page of an earlier version reads it.</summary>
    public string Source => Name;

    /// <summary>Its title as the page of an earlier version reads it.</summary>
    public string Label => Title;

    /// <summary>Its choices as the page of an earlier version reads them: albums only.</summary>
    public IEnumerable<SourceItem> Items => Name == SourceNames.Album ? (Query.Choices ?? []).Select(choice => new SourceItem(choice.Value, choice.Label)) : [];
}

/// <summary>What a source is asked.</summary>
/// <param name="Label">What it is, for a person.</param>
/// <param name="Placeholder">An example.</param>
/// <param name="Choices">What there is to choose from; null: anything may be written.</param>
/// <param name="MaxBytes">The largest file that can be sent for it, in bytes; null: no file is.</param>
internal sealed record QueryView(string Label, string Placeholder, IReadOnlyList<QueryChoice>? Choices = null, long? MaxBytes = null);

/// <summary>One thing to search.</summary>
internal sealed record QueryChoice(string Value, string Label);

/// <summary>One thing to search, as the page of an earlier version reads it.</summary>
internal sealed record SourceItem(string Query, string Label);

/// <summary>What can be searched, and by whom.</summary>
internal static class Sources
{
    public static void MapSources(this IEndpointRouteBuilder routes) => routes.MapGet("/api/sources", ListAsync).WithSummary("What can be searched.");

    private static async Task<SourceView[]> ListAsync(
        HttpContext context,
        SharedAlbums albums,
        UploadFolders folders,
        DaprClient dapr,
        SearchRequestBodies bodies,
        IOptions<UploadOptions> limits,
        IOptions<XOptions> x,
        CancellationToken cancellationToken)
    {
        var person = (await CurrentUsers.CurrentUserOfAsync(context))?.Person;
        var shared = albums.NamesFor(person);
        var uploads = await UploadsOfAsync(person, dapr, cancellationToken);
        return
        [
            View(SourceNames.Album, "Albums", new QueryView("Album", "", [.. shared.Select(name => new QueryChoice(name, name))]),
                shared.Count > 0 ? null : ("operator", "The operator has shared no album with you.")),
            View(SourceNames.Zip, "Your own photos", new QueryView("ZIP file", "", uploads, limits.Value.MaxBytes),
                folders.Exist ? null : ("operator", "The operator has given no place for uploads.")),
            View(SourceNames.Hashtags, "Mastodon and Bluesky", new QueryView("Hashtags", "#dotnetconf"), bodies.Obstacle(SourceNames.Hashtags, person)),
            View(SourceNames.Mastodon, "Mastodon", new QueryView("Hashtags", "#dotnetconf"), bodies.Obstacle(SourceNames.Mastodon, person)),
            View(SourceNames.Bluesky, "Bluesky", new QueryView("Hashtags or words", "#dotnetconf"), bodies.Obstacle(SourceNames.Bluesky, person)),
            View(SourceNames.X, "X", new QueryView("Query", "#dotnetconf OR \"dotnet conf\""), bodies.Obstacle(SourceNames.X, person))
                with { Reason = bodies.Obstacle(SourceNames.X, person)?.Reason ?? $"X has approved this use; {x.Value.Contact} holds the approval." },
        ];
    }

    private static SourceView View(string name, string title, QueryView query, (string Needs, string Reason)? obstacle) =>
        new(name, title, obstacle is null, obstacle?.Reason, obstacle?.Needs ?? "nothing", query, SearchRequestBodies.FieldsOf(name));

    private static async Task<List<QueryChoice>> UploadsOfAsync(Person? person, DaprClient dapr, CancellationToken cancellationToken)
    {
        var found = await dapr.GetBulkStateAsync(StateKeys.Store, [.. (person?.Uploads ?? []).Select(StateKeys.Upload)], cancellationToken);
        return
        [
            .. found.Values.Select(entry => entry.Value.Read<Upload>())
                .OrderBy(upload => upload.CreatedAt)
                .Select(upload => new QueryChoice(upload.Id, $"{upload.Photos.Count} photos, sent {upload.CreatedAt:yyyy-MM-dd HH:mm} UTC")),
        ];
    }
}
