using System.Text.Json;
using FindMe.Pipeline;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace FindMe.Networks;

/// <summary>Searches hashtags on Mastodon, then on Bluesky, as one search that counts a picture on both only once. X costs money and is a search of its own.</summary>
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
                notices.Add($"{network.Name} was skipped: {exception.Problem.Title}");
            }
            catch (SourceUnavailableException exception) when (following is not null && search.Attempts + 1 >= collect.Value.MaxAttempts)
            {
                // Ends the page here, so that the next network starts with a fresh retry count.
                return new SourcePage([], 0, $"{following.Name}|") { Notices = [.. notices, $"{network.Name} was skipped: {exception.Message}"] };
            }
            catch (SourceException exception) when (search.Pages.Count > 0)
            {
                return new SourcePage([], 0, null) { Notices = [.. notices, $"{network.Name} was skipped: {exception.Problem.Title}"] };
            }
        }
    }

    // One of the two networks is enough.
    private SourceObstacle? ObstacleOf(Person? person) => bluesky.ObstacleOf(person) is null ? null : mastodon.ObstacleOf(person);

    // Maps each network to the mark of its newest post.
    private static Dictionary<string, string> Marks(string? text) => text is null ? [] : JsonSerializer.Deserialize<Dictionary<string, string>>(text) ?? [];
}

internal static class HashtagSourceServices
{
    /// <summary>Requires <see cref="MastodonSource"/> and <see cref="BlueskySource"/>, registered before or after.</summary>
    public static void AddHashtagSource(this IServiceCollection services) => services.AddSingleton<IPhotoSource, HashtagSource>();
}
