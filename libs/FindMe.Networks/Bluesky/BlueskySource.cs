using System.Net;
using FindMe.Pipeline;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace FindMe.Networks;

/// <summary>Searches Bluesky through the server of the person's account, or of the operator's, newest first.</summary>
/// <remarks>https://docs.bsky.app/docs/api/app-bsky-feed-search-posts; uses version 2 of the search where the server has it.</remarks>
internal sealed class BlueskySource(AccountCalls calls, BlueskySession operatorSession, IOptions<BlueskyOptions> options, TimeProvider time) : IPhotoSource
{
    // The API allows up to 100.
    private const int PostsPerPage = 50;

    // Longer cursors are rejected, because the cursor is stored in the search's document; real ones are numbers or times.
    private const int MaxCursor = 1_024;

    private static readonly TimeSpan Window = TimeSpan.FromMinutes(5);

    public string Name => SourceNames.Bluesky;

    public string Title => "Bluesky";

    public IReadOnlyList<string> Fields => ["since", "until", "language", "limit"];

    /// <summary>Why a person cannot search Bluesky now; null when they can.</summary>
    public SourceObstacle? ObstacleOf(Person? person) => options.Value.HasAccount || person?.Accounts.Any(account => account.Network == Name) == true
        ? null
        : SourceObstacle.Account("Sign in with Bluesky: its search requires an account.");

    public Task<SourceOffer> OfferAsync(Person? person, CancellationToken cancellationToken) =>
        Task.FromResult(new SourceOffer("Hashtags or words", "#dotnetconf", ObstacleOf(person)));

    public Task<SearchProblem?> CheckAsync(SourceQuery query, CancellationToken cancellationToken) => Task.FromResult(
        ObstacleOf(query.Person)?.ToProblem()
        ?? (query.Text.Length > 0 ? null : new SearchProblem("query-refused", "The query is empty.", "Write words or hashtags.")));

    public async Task<SourcePage> ListAsync(Search search, CancellationToken cancellationToken)
    {
        var account = await calls.TokenAsync(search.Person, Name, cancellationToken);
        if (account is null && !options.Value.HasAccount)
        {
            throw new SourceException(new SearchProblem("account-needed", "Bluesky's search requires an account.", "Sign in with Bluesky, then continue the search."));
        }

        // A cursor is only valid for the version of the search that issued it.
        var (version, cursor) = search.Next is { } next ? (next[0] - '0', next[2..]) : (2, "");
        var answer = await AskAsync(search, account, version, cursor, cancellationToken);
        if (version == 2 && IsUnknown(answer))
        {
            (version, cursor) = (1, "");
            answer = await AskAsync(search, account, version, cursor, cancellationToken);
        }

        if (answer.Status == HttpStatusCode.TooManyRequests)
        {
            throw new SourceWaitException(RateLimits.Until(ResetOf(answer), Window, time.GetUtcNow()));
        }

        if (!answer.IsSuccess)
        {
            throw answer.Status >= HttpStatusCode.InternalServerError
                ? new SourceUnavailableException($"Bluesky answered with status {(int)answer.Status}.", mayHaveCost: false)
                : new SourceException(RefusalOf(answer));
        }

        if (BlueskyPosts.TryRead(answer.Body) is not { } page)
        {
            throw new SourceUnavailableException("Bluesky's response could not be read.", mayHaveCost: false);
        }

        // A search for newer posts also returns the newest post of the earlier search.
        var fresh = page.Posts.Where(post => search.After is null || post.Mark.CompareTo(search.After) > 0).ToList();
        var isLast = page.Cursor is null || page.Cursor.Length > MaxCursor || page.Cursor == cursor || fresh.Count < page.Posts.Count || page.Posts.Count == 0;
        var (photos, notices) = BlueskyPosts.Photos(fresh, account?.Server ?? options.Value.Service, isAnonymous: account is null);
        return new SourcePage(photos, fresh.Count, isLast ? null : $"{version} {page.Cursor}")
        {
            Newest = search.Next is null ? fresh.Where(post => post.Uri!.Length <= MaxCursor).Select(post => post.Mark).Max(StringComparer.Ordinal) : null,
            Notices = notices,
        };
    }

    private Task<FetchedAnswer> AskAsync(Search search, AccountToken? account, int version, string cursor, CancellationToken cancellationToken)
    {
        var tags = Hashtags.TryParse(search.Query);
        var (words, hashtags) = version == 2 ? ("query", "hashtags") : ("q", "tag");
        var parameters = new List<(string Name, string? Value)>
        {
            // Hashtags go into the hashtag parameter; version 1 also requires search words.
            (words, tags is null ? search.Query : version == 1 ? string.Join(' ', tags.Select(tag => $"#{tag}")) : null),
            ("hasMedia", version == 2 ? "true" : null),
            ("sort", version == 2 ? "recent" : "latest"),
            ("allTime", version == 2 ? "true" : null),
            ("since", Time(search.Terms.Since)),
            ("until", Time(search.Terms.Until)),
            (version == 2 ? "languages" : "lang", search.Terms.Language),
            ("limit", $"{PostsPerPage}"),
            ("cursor", cursor.Length > 0 ? cursor : null),
        };
        parameters.AddRange((tags ?? []).Select(tag => (hashtags, (string?)tag)));
        var path = $"/xrpc/app.bsky.feed.searchPosts{(version == 2 ? "V2" : "")}?" + string.Join('&', parameters
            .Where(parameter => parameter.Value is not null)
            .Select(parameter => $"{parameter.Name}={Uri.EscapeDataString(parameter.Value!)}"));
        return account is null
            ? operatorSession.GetAsync(path, cancellationToken)
            : calls.GetAsync(search.Person, account, new Uri(account.Server, path), cancellationToken);
    }

    private static bool IsUnknown(FetchedAnswer answer) =>
        answer.Status is HttpStatusCode.NotFound or HttpStatusCode.NotImplemented
        || (!answer.IsSuccess && BlueskyPosts.ErrorOf(answer.Body) is "XRPCNotSupported" or "MethodNotImplemented");

    private static SearchProblem RefusalOf(FetchedAnswer answer) => BlueskyPosts.ErrorOf(answer.Body) is "BadQueryString"
        ? new("query-refused", "Bluesky does not accept this query.", "Rewrite the query.")
        : new("bluesky-refused", $"Bluesky rejected the search with status {(int)answer.Status}.", "Sign in with Bluesky again, or ask the operator; then continue the search.");

    private static DateTimeOffset? ResetOf(FetchedAnswer answer) =>
        long.TryParse(answer.Header("ratelimit-reset"), out var seconds) && seconds is > 0 and < 253_402_300_800 ? DateTimeOffset.FromUnixTimeSeconds(seconds) : null;

    private static string? Time(DateTimeOffset? time) => time?.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'");
}

internal static class BlueskySourceServices
{
    public static void AddBlueskySource(this IServiceCollection services)
    {
        services.AddOptions<BlueskyOptions>().BindConfiguration(BlueskyOptions.Section).ValidateOnStart();
        services.AddSingleton<IValidateOptions<BlueskyOptions>, BlueskyOptionsValidator>();
        services.AddSingleton<BlueskySession>();
        services.AddSingleton<BlueskySource>();
        services.AddSingleton<IPhotoSource>(provider => provider.GetRequiredService<BlueskySource>());
    }
}
