using FindMe.Networks;
using FindMe.Pipeline;
using Microsoft.Extensions.Options;

namespace FindMe.Api;

/// <summary>Which albums a person may see: those that the operator shared with everyone, or with a handle they are signed in with.</summary>
internal sealed class SharedAlbums(Albums albums, IOptions<SafeguardOptions> options)
{
    /// <summary>The names of the albums that a person may see, in the operator's order.</summary>
    public IReadOnlyList<string> NamesFor(Person? person) => [.. albums.Names.Where(name => MaySee(person, name))];

    /// <summary>Whether a person may see an album. One they may not see is for them one that is not there.</summary>
    public bool MaySee(Person? person, string album) =>
        albums.Contains(album)
        && (options.Value.Albums.TryGetValue(album, out var shared)
            ? shared.Contains("*") || (person is not null && person.Accounts.Any(account => shared.Any(handle => AccountHandles.AreSame(handle, account.Network, account.Handle))))
            : options.Value.ShowUnlistedAlbums);
}
