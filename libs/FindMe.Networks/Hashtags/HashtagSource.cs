using System.Text.Json;
using FindMe.Pipeline;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace FindMe.Networks;

/// <summary>Hashtags on Mastodon, then on Bluesky, as one search: a picture that is on both counts once. X, which costs money, is searched on its own.</summary>
internal sealed class HashtagSource(MastodonSource mastodon, BlueskySource bluesky, IOptions<CollectOptions> collect) : IPhotoSource
{
    private readonly IPhotoSource[] _networks = [mastodon, bluesky];

    public string Name => "hashtags";

    public string Title => "Mastodon and Bluesky";

    public IReadOnlyList<string> Fields => ["since", "until", "language", "limit"];

    public Task<SourceOffer> OfferAsync(Person? person, CancellationToken cancellationToken) =>
        Task.FromResult(new SourceOffer("Hashtags", "#dotnetconf", ObstacleOf(person)));

    public Task<SearchProblem?> CheckAsync(SourceQuery query, CancellationToken cancellationToken) =>
        Task.FromResult(ObstacleOf(query.Person)?.ToProblem() ?? Hashtags.ProblemOf(query.Text));

    public async Task<SourcePage> ListAsync(Search search, CancellationToken cancellationToken)
    {
        var place = search.Next?.Split('|', 2);
        var current = place is null ? 0 : Math.Max(0, Array.FindIndex(_networks, network => network.Name == place[0]));
        var next = place is { Length: 2 } && place[1].Length > 0 ? place[1] : null;
        var notices = new List<string>();
        for (; ; current++, next = null)
        {
            var network = _networks[current];
            var following = _networks.ElementAtOrDefault(current + 1);
            try
            {
                var page = await network.ListAsync(
                    search with { Next = next, After = Marks(search.After).GetValueOrDefault(network.Name), Newest = Marks(search.Newest).GetValueOrDefault(network.Name) },
                    cancellationToken);
                return page with
                {
                    Next = page.Next is { } more ? $"{network.Name}|{more}" : following is null ? null : $"{following.Name}|",
                    Newest = page.Newest is null ? null : JsonSerializer.Serialize(new Dictionary<string, string>(Marks(search.Newest ?? search.After)) { [network.Name] = page.Newest }),
                    Notices = [.. notices, .. page.Notices],
                };
            }
            catch (SourceException exception) when (following is not null)
            {
                notices.Add($"{network.Name} was left out: {exception.Problem.Title}");
            }
            catch (SourceUnavailableException exception) when (following is not null && search.Attempts + 1 >= collect.Value.MaxAttempts)
            {
                // A page of its own, so that the next one has its own attempts.
                return new SourcePage([], 0, $"{following.Name}|") { Notices = [.. notices, $"{network.Name} was left out: {exception.Message}"] };
            }
            catch (SourceException exception) when (search.Pages.Count > 0)
            {
                return new SourcePage([], 0, null) { Notices = [.. notices, $"{network.Name} was left out: {exception.Problem.Title}"] };
            }
        }
    }

    // One of the two is enough.
    private SourceObstacle? ObstacleOf(Person? person) => bluesky.ObstacleOf(person) is null ? null : mastodon.ObstacleOf(person);

    // The newest post of each network.
    private static Dictionary<string, string> Marks(string? text) => text is null ? [] : JsonSerializer.Deserialize<Dictionary<string, string>>(text) ?? [];
}

/// <summary>Registers the source.</summary>
internal static class HashtagSourceServices
{
    /// <summary>Needs <see cref="MastodonSource"/> and <see cref="BlueskySource"/>, whatever their order.</summary>
    public static void AddHashtagSource(this IServiceCollection services) => services.AddSingleton<IPhotoSource, HashtagSource>();
}
