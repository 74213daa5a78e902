using System.Globalization;
using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using System.Text;
using FindMe.Pipeline;
using Microsoft.AspNetCore.Http.HttpResults;

namespace FindMe.Api;

/// <summary>
/// What is new about a search. Its groups are those that a new match belongs to, whole. A match whose judgement was changed is told again;
/// judged: all that the person says is not theirs. If albumMargin is above 0, which it can be only at the end, matches lists every match that
/// still counts: forget all others that were told before.
/// </summary>
internal sealed record SearchEvent(
    SearchStatus Status,
    DateTimeOffset? WaitingUntil,
    int Posts,
    PhotoCounts Photos,
    float AlbumMargin,
    IReadOnlyList<MatchView> Matches,
    IReadOnlyList<MatchView> Judged,
    IReadOnlyList<SkippedView> Skipped,
    IReadOnlyList<PhotoGroup> Groups,
    decimal Cost,
    IReadOnlyList<string> Notices,
    bool CanContinue,
    SearchProblem? Problem);

/// <summary>A search as a stream of server-sent events, each with the matches that are new; it ends with the search.</summary>
internal static class SearchEvents
{
    private static readonly TimeSpan CheckInterval = TimeSpan.FromSeconds(10);

    public static void MapSearchEvents(this IEndpointRouteBuilder routes) =>
        routes.MapGet("/api/searches/{id}/events", WatchAsync).RequireCaller(otherwise: Problems.NotFound).RequireRateLimiting(RequestRates.Streams)
            .WithSummary("The search as server-sent events; Last-Event-ID continues where a reader was. within: as with GET /api/searches/{id}.");

    private static async Task<Results<ServerSentEventsResult<SearchEvent>, ProblemHttpResult>> WatchAsync(
        string id, float? within, HttpContext context, CurrentUser user, SearchReader reader, SearchWatches watches, TimeProvider time, CancellationToken cancellationToken)
    {
        if (!Searches.IsDistance(within))
        {
            return Problems.NoDistance;
        }

        if (await reader.TryReadAsync(id, user.Id, cancellationToken) is null)
        {
            return Problems.NotFound;
        }

        var cursor = EventCursor.Parse(context.Request.Headers["Last-Event-ID"].ToString());
        return TypedResults.ServerSentEvents(EventsAsync(watches.WatchAsync(id, user.Id, cancellationToken), cursor, within, context, time, cancellationToken));
    }

    private static async IAsyncEnumerable<SseItem<SearchEvent>> EventsAsync(
        IAsyncEnumerable<SearchSnapshot> snapshots, EventCursor cursor, float? within, HttpContext context, TimeProvider time, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var checkedAt = time.GetTimestamp();
        SearchSnapshot? last = null;
        await foreach (var snapshot in snapshots.WithCancellation(cancellationToken))
        {
            // A stream outlives a request by far: a browser that was signed out since sees no more.
            if (time.GetElapsedTime(checkedAt) > CheckInterval)
            {
                checkedAt = time.GetTimestamp();
                if (await CurrentUsers.KnownUserOfAsync(context) is null)
                {
                    yield break;
                }
            }

            var seen = cursor;
            var before = last is null || last.Judgements == snapshot.Judgements ? null : Said(last);
            var view = SearchView.Of(
                snapshot, within, (batch, photo) => snapshot.AlbumMargin > 0 || photo.Verdict!.Order > seen.Of(batch) || (before is not null && before.GetValueOrDefault(photo.Id) != photo.Verdict.IsMe));
            cursor = EventCursor.At(snapshot);
            last = snapshot;
            yield return new SseItem<SearchEvent>(
                new SearchEvent(view.Status, view.WaitingUntil, view.Posts, view.Photos, view.AlbumMargin, view.Matches, view.Judged, view.Skipped, view.Groups, view.Cost, view.Notices, view.CanContinue, view.Problem))
            {
                // A reader who goes on from matches that were taken back must hear everything: the search may continue without a margin.
                EventId = snapshot.AlbumMargin > 0 ? EventCursor.Beginning : cursor.ToString(),
            };
        }
    }

    private static Dictionary<string, bool?> Said(SearchSnapshot snapshot) => snapshot.Batches
        .SelectMany(batch => batch.Photos)
        .Where(photo => photo.Verdict?.IsMe is not null)
        .DistinctBy(photo => photo.Id)
        .ToDictionary(photo => photo.Id, photo => photo.Verdict!.IsMe);
}

/// <summary>How far a reader has read: the number of verdicts seen of each batch. Any replica can go on from it, also after a restart.</summary>
/// <param name="seen">Of each batch, in order.</param>
internal sealed class EventCursor(IReadOnlyList<int> seen)
{
    /// <summary>Verdicts of a batch that a reader of this cursor has seen.</summary>
    public int Of(int batch) => batch < seen.Count ? seen[batch] : 0;

    /// <summary>The id of an event after which a reader is told everything again.</summary>
    public const string Beginning = "00";

    /// <summary>Everything in a snapshot.</summary>
    public static EventCursor At(SearchSnapshot snapshot) => new([.. snapshot.Batches.Select(batch => batch.SettledCount())]);

    /// <summary>Reads the id of an event; one that is no cursor counts as the beginning.</summary>
    public static EventCursor Parse(string text)
    {
        if (text.Length % 2 != 0)
        {
            return new([]);
        }

        var seen = new int[text.Length / 2];
        for (var batch = 0; batch < seen.Length; batch++)
        {
            if (!int.TryParse(text.AsSpan(2 * batch, 2), NumberStyles.AllowHexSpecifier, null, out seen[batch]))
            {
                return new([]);
            }
        }

        return new(seen);
    }

    /// <summary>Two hexadecimal digits a batch.</summary>
    public override string ToString() => seen.Aggregate(new StringBuilder(2 * seen.Count), (text, count) => text.Append($"{count:x2}")).ToString();
}
