namespace FindMe.Api;

/// <summary>A kind of source, and what it offers.</summary>
/// <param name="Source">What <c>POST /api/searches</c> calls it.</param>
/// <param name="Label">What a person calls it.</param>
/// <param name="Items">What can be searched in it.</param>
internal sealed record SourceView(string Source, string Label, IReadOnlyList<SourceItem> Items);

/// <summary>One thing to search.</summary>
/// <param name="Query">What <c>POST /api/searches</c> calls it.</param>
/// <param name="Label">What a person calls it.</param>
internal sealed record SourceItem(string Query, string Label);

/// <summary>What can be searched.</summary>
internal static class Sources
{
    public const string Album = "album";

    public static void MapSources(this IEndpointRouteBuilder routes) =>
        routes.MapGet("/api/sources", async (HttpContext context, SharedAlbums albums) => new[]
        {
            new SourceView(Album, "Albums", [.. albums.NamesFor((await Callers.CallerOfAsync(context))?.Person).Select(name => new SourceItem(name, name))]),
        }).WithSummary("What can be searched.");
}
