using FindMe.Networks;

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
    string Name, string Title, bool Available, string? Reason, string Needs, QueryView Query, IReadOnlyList<string> Fields);

/// <summary>What a source is asked.</summary>
/// <param name="Label">What it is, for a person.</param>
/// <param name="Placeholder">An example.</param>
/// <param name="Choices">What there is to choose from; null: anything may be written.</param>
/// <param name="MaxBytes">The largest file that can be sent for it, in bytes; null: no file is.</param>
internal sealed record QueryView(string Label, string Placeholder, IReadOnlyList<QueryChoice>? Choices = null, long? MaxBytes = null);

/// <summary>One thing to search.</summary>
internal sealed record QueryChoice(string Value, string Label);

/// <summary>What can be searched, and by whom.</summary>
internal static class Sources
{
    public static void MapSources(this IEndpointRouteBuilder routes) => routes.MapGet("/api/sources", ListAsync).WithSummary("What can be searched.");

    private static async Task<SourceView[]> ListAsync(HttpContext context, IEnumerable<IPhotoSource> sources, CancellationToken cancellationToken)
    {
        var person = (await CurrentUsers.CurrentUserOfAsync(context))?.Person;
        var views = new List<SourceView>();
        foreach (var source in sources)
        {
            views.Add(View(source, await source.OfferAsync(person, cancellationToken)));
        }

        return [.. views];
    }

    private static SourceView View(IPhotoSource source, SourceOffer offer) => new(
        source.Name,
        source.Title,
        offer.Obstacle is null,
        offer.Obstacle?.Reason ?? offer.Note,
        offer.Obstacle?.Needs ?? "nothing",
        new QueryView(offer.Label, offer.Placeholder, offer.Choices is { } choices ? [.. choices.Select(choice => new QueryChoice(choice.Value, choice.Label))] : null, offer.MaxBytes),
        source.Fields);
}
