using System.Net;
using System.Text.Json;
using FindMe.Pipeline;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace FindMe.Networks;

/// <summary>Searches Mastodon: the timelines of hashtags, one instance after another.</summary>
/// <remarks>
/// https://docs.joinmastodon.org/methods/timelines/#tag. An instance knows only the posts that reached it, so FindMe queries several; a
/// post has the same <c>uri</c> on all of them. An instance that cannot be read is skipped with a notice.
/// </remarks>
internal sealed class MastodonSource(AccountCalls calls, IOptions<MastodonOptions> options, IOptions<CollectOptions> collect, TimeProvider time) : IPhotoSource
{
    // The most that an instance returns.
    private const int PostsPerPage = 40;

    // Longer ids are not remembered; Mastodon's are 64-bit numbers.
    private const int MaxId = 64;

    public string Name => SourceNames.Mastodon;

    public string Title => "Mastodon";

    public IReadOnlyList<string> Fields => ["since", "until", "language", "limit"];

    /// <summary>Why a person cannot search Mastodon now; null when they can.</summary>
    public SourceObstacle? ObstacleOf(Person? person) => options.Value.Instances.Count > 0 || person?.Accounts.Any(account => account.Network == Name) == true
        ? null
        : SourceObstacle.Account("Sign in with Mastodon: the operator has configured no instance.");

    public Task<SourceOffer> OfferAsync(Person? person, CancellationToken cancellationToken) =>
        Task.FromResult(new SourceOffer("Hashtags", "#dotnetconf", ObstacleOf(person)));

    public Task<SearchProblem?> CheckAsync(SourceQuery query, CancellationToken cancellationToken) =>
        Task.FromResult(ObstacleOf(query.Person)?.ToProblem() ?? Hashtags.ProblemOf(query.Text));

    public async Task<SourcePage> ListAsync(Search search, CancellationToken cancellationToken)
    {
        var account = await calls.TokenAsync(search.Person, Name, cancellationToken);
        var timelines = Timelines(search.Query, account);
        if (timelines.Count == 0)
        {
            throw new SourceException(new SearchProblem(
                "no-instance", "FindMe has no Mastodon instance to search.", "Sign in with Mastodon, or ask the operator to name an instance."));
        }

        var notices = new List<string>();
        var (current, begun, url) = PlaceOf(search, timelines);
        for (; current < timelines.Count; current++, begun = search.Pages.Count, url = null)
        {
            var timeline = timelines[current];
            var following = timelines.ElementAtOrDefault(current + 1) is { } next ? Place(next, search.Pages.Count + 1, null) : null;
            var more = following is not null;
            try
            {
                var page = await ReadAsync(search, timeline, begun, url, account, cancellationToken);
                return page with { Next = page.Next ?? following, Notices = [.. notices, .. page.Notices] };
            }
            catch (SourceUnavailableException exception) when (more && search.Attempts + 1 >= collect.Value.MaxAttempts)
            {
                // Ends the page here, so that the next timeline starts with a fresh retry count.
                return new SourcePage([], 0, following) { Notices = [.. notices, $"{timeline.Instance.Host} did not answer: {exception.Message}"] };
            }
            catch (InstanceRefusedException exception) when (more || search.Pages.Count > 0)
            {
                notices.Add(exception.Message);
            }
            catch (InstanceRefusedException exception)
            {
                throw new SourceException(new SearchProblem(
                    "account-needed", exception.Message, "Sign in with an account on that instance, or ask the operator to name another instance."));
            }
        }

        return new SourcePage([], 0, null) { Notices = notices };
    }

    private List<Timeline> Timelines(string query, AccountToken? account)
    {
        var instances = options.Value.Instances.Select(instance => MastodonOptions.AddressOf(instance)!).ToList();
        if (account?.Server is { } own)
        {
            // The person's own instance first: there they may see posts that others may not.
            instances.Insert(0, own);
        }

        return [.. instances.Distinct().SelectMany(instance => (Hashtags.TryParse(query) ?? []).Select(tag => new Timeline(instance, tag)))];
    }

    private async Task<SourcePage> ReadAsync(Search search, Timeline timeline, int begun, Uri? url, AccountToken? account, CancellationToken cancellationToken)
    {
        var own = account?.Server == timeline.Instance ? account : null;
        var isFirst = url is null;
        url ??= await FirstPageAsync(timeline, search.Person, own, cancellationToken);
        var answer = await AskAsync(search.Person, own, url, cancellationToken);
        var statuses = StatusesOf(answer, timeline.Instance);
        var marks = Marks.Parse(search.After);
        var fresh = statuses.Where(status => !marks.IsSeen(timeline, status.Id)).ToList();
        var page = MastodonPosts.Read(fresh, search.Terms);

        // Newest first, so a post that was seen before, or a page older than requested, ends the timeline. So do too many pages without a new photo.
        var isBarren = search.Pages.Count - begun >= collect.Value.MaxBarrenPages && search.Pages.TakeLast(collect.Value.MaxBarrenPages).All(earlier => earlier.Photos == 0);
        var isLast = fresh.Count < statuses.Count || statuses.Count == 0 || isBarren || statuses.All(status => status.CreatedAt < search.Terms.Since);
        var next = isLast || NextOf(answer, timeline) is not { } named || named == url ? null : named;
        return new SourcePage(page.Photos, fresh.Count, next is null ? null : Place(timeline, begun, next))
        {
            Newest = isFirst && fresh.Count > 0 && fresh[0].Id.Length <= MaxId ? Marks.Parse(search.Newest ?? search.After).With(timeline, fresh[0].Id).ToString() : null,
            Notices = page.Notices,
        };
    }

    // An instance may show its own posts only, or none, to anonymous readers; older versions do not report this.
    private async Task<Uri> FirstPageAsync(Timeline timeline, string person, AccountToken? own, CancellationToken cancellationToken)
    {
        var scope = "";
        var answer = await AskAsync(person, own, new Uri(timeline.Instance, "/api/v2/instance"), cancellationToken);
        if (answer.IsSuccess && own is null && MastodonPosts.TryRead<MastodonInstance>(answer.Body)?.Configuration?.TimelinesAccess?.HashtagFeeds is { } feeds)
        {
            scope = (feeds.Local, feeds.Remote) switch
            {
                ("public", "public") or (null, null) => "",
                ("public", _) => "&local=true",
                (_, "public") => "&remote=true",
                _ => throw new InstanceRefusedException($"{timeline.Instance.Host} shows its hashtags to signed-in users only."),
            };
        }

        return new Uri(timeline.Instance, $"{timeline.Path}?only_media=true&limit={PostsPerPage}{scope}");
    }

    private Task<FetchedAnswer> AskAsync(string person, AccountToken? own, Uri url, CancellationToken cancellationToken) =>
        own is null ? calls.GetAsync(null, url, cancellationToken) : calls.GetAsync(person, own, url, cancellationToken);

    private List<MastodonStatus> StatusesOf(FetchedAnswer answer, Uri instance) => answer.Status switch
    {
        HttpStatusCode.OK => MastodonPosts.TryRead<List<JsonElement>>(answer.Body) is { } elements
            ? [.. elements.Select(MastodonPosts.TryRead).OfType<MastodonStatus>()]
            : throw new SourceUnavailableException($"The response of {instance.Host} could not be read.", mayHaveCost: false),
        HttpStatusCode.TooManyRequests => throw new SourceWaitException(ResetOf(answer)),
        HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden or HttpStatusCode.UnprocessableEntity =>
            throw new InstanceRefusedException($"{instance.Host} shows its hashtags to signed-in users only."),
        >= HttpStatusCode.InternalServerError => throw new SourceUnavailableException($"{instance.Host} answered with status {(int)answer.Status}.", mayHaveCost: false),
        _ => throw new InstanceRefusedException($"{instance.Host} has no readable hashtags: it answered with status {(int)answer.Status}."),
    };

    // Mastodon sends the reset time; servers that do not have a window of five minutes.
    private DateTimeOffset ResetOf(FetchedAnswer answer) =>
        RateLimits.Until(DateTimeOffset.TryParse(answer.Header("X-RateLimit-Reset"), out var reset) ? reset : null, TimeSpan.FromMinutes(5), time.GetUtcNow());

    // The instance's Link header names the next page; it must stay within the same timeline.
    private static Uri? NextOf(FetchedAnswer answer, Timeline timeline)
    {
        var next = (answer.Headers.TryGetValues("Link", out var links) ? links : [])
            .SelectMany(link => link.Split(','))
            .FirstOrDefault(link => link.Contains("rel=\"next\"", StringComparison.Ordinal));
        return next is not null
            && Uri.TryCreate(next[(next.IndexOf('<') + 1)..Math.Max(next.IndexOf('>'), next.IndexOf('<') + 1)], UriKind.Absolute, out var url)
            && url.GetLeftPart(UriPartial.Authority) == timeline.Instance.GetLeftPart(UriPartial.Authority)
            && Uri.UnescapeDataString(url.AbsolutePath) == Uri.UnescapeDataString(timeline.Path)
            ? url
            : null;
    }

    // Includes the number of pages that the search had when the timeline began.
    private static string Place(Timeline timeline, int begun, Uri? url) => $"{timeline} {begun} {url}";

    // Starts over at the first timeline if the operator removed this instance; photos that are already listed are dropped.
    private static (int Timeline, int Begun, Uri? Url) PlaceOf(Search search, List<Timeline> timelines)
    {
        var parts = search.Next?.Split(' ', 4) ?? [];
        var number = timelines.FindIndex(timeline => parts.Length >= 3 && timeline.ToString() == $"{parts[0]} {parts[1]}");
        return number < 0
            ? (0, search.Pages.Count, null)
            : (number, int.TryParse(parts[2], out var begun) ? begun : search.Pages.Count, Uri.TryCreate(parts[^1], UriKind.Absolute, out var url) ? url : null);
    }

    private sealed record Timeline(Uri Instance, string Tag)
    {
        public string Path => $"/api/v1/timelines/tag/{Uri.EscapeDataString(Tag)}";

        public override string ToString() => $"{Instance.GetLeftPart(UriPartial.Authority)} {Tag}";
    }

    /// <summary>The newest post of each timeline.</summary>
    private sealed record Marks(IReadOnlyDictionary<string, string> Ids)
    {
        public static Marks Parse(string? text) => new(text is null ? [] : JsonSerializer.Deserialize<Dictionary<string, string>>(text) ?? []);

        // Ids are numbers without leading zeros, or of equal length: the longer is the newer.
        public bool IsSeen(Timeline timeline, string id) =>
            Ids.TryGetValue($"{timeline}", out var mark) && (id.Length, string.CompareOrdinal(id, mark)).CompareTo((mark.Length, 0)) <= 0;

        public Marks With(Timeline timeline, string id) => new(new Dictionary<string, string>(Ids) { [$"{timeline}"] = id });

        public override string ToString() => JsonSerializer.Serialize(Ids);
    }

    private sealed class InstanceRefusedException(string message) : Exception(message);
}

internal static class MastodonSourceServices
{
    public static void AddMastodonSource(this IServiceCollection services)
    {
        services.AddOptions<MastodonOptions>().BindConfiguration(MastodonOptions.Section).ValidateOnStart()
            .Validate(
                options => options.Instances.All(instance => MastodonOptions.AddressOf(instance) is not null),
                "Sources:Mastodon:Instances contains an invalid address.");
        services.AddSingleton<IValidateOptions<MastodonOptions>, MastodonOptionsValidator>();
        services.AddSingleton<MastodonSource>();
        services.AddSingleton<IPhotoSource>(provider => provider.GetRequiredService<MastodonSource>());
    }
}
