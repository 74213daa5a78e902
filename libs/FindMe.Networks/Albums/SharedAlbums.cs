using System.ComponentModel.DataAnnotations;
using FindMe.Pipeline;
using Microsoft.Extensions.Options;

namespace FindMe.Networks;

/// <summary>Who may see which album. Section <c>Safeguards</c> of the configuration; checked at start.</summary>
public sealed class AlbumSharingOptions
{
    /// <summary>The configuration section these are read from.</summary>
    public const string Section = "Safeguards";

    /// <summary>
    /// Maps an album's name to the handles of those who may see it (<c>@me@mastodon.social</c>, <c>me.bsky.social</c>, <c>x:me</c>), or to <c>*</c> for
    /// everyone. Default empty.
    /// </summary>
    [Required]
    public IReadOnlyDictionary<string, string[]> Albums { get; set; } = new Dictionary<string, string[]>();

    /// <summary>Whether everyone may see the albums that <see cref="Albums"/> does not name. Default false; FindMe.Local, which is for one person, sets it.</summary>
    public bool ShowUnlistedAlbums { get; set; }
}

[OptionsValidator]
internal sealed partial class AlbumSharingOptionsValidator : IValidateOptions<AlbumSharingOptions>;

/// <summary>Decides which albums a person may see: those that the operator shared with everyone, or with a handle they are signed in with.</summary>
internal sealed class SharedAlbums(Albums albums, IOptions<AlbumSharingOptions> options)
{
    /// <summary>The names of the albums that a person may see, in the operator's order.</summary>
    public IReadOnlyList<string> NamesFor(Person? person) => [.. albums.Names.Where(name => MaySee(person, name))];

    /// <summary>Whether a person may see an album. Hidden albums are reported like albums that do not exist.</summary>
    public bool MaySee(Person? person, string album) =>
        albums.Contains(album)
        && (options.Value.Albums.TryGetValue(album, out var shared)
            ? shared.Contains("*") || (person is not null && person.Accounts.Any(account => shared.Any(handle => AccountHandles.AreSame(handle, account.Network, account.Handle))))
            : options.Value.ShowUnlistedAlbums);
}
