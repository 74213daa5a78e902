using FindMe.Collect;
using FindMe.Networks;
using FindMe.Pipeline;

namespace FindMe.Apps.Tests.Collect;

public sealed class PhotoBoundsTests
{
    [Fact]
    public void A_description_keeps_its_beginning_and_whole_letters()
    {
        Assert.Equal(new string('a', 500), DescriptionOf(new string('a', 500)));
        Assert.Equal(new string('a', 499) + "…", DescriptionOf(new string('a', 501)));
        Assert.Equal(new string('a', 498) + "…", DescriptionOf(new string('a', 498) + "😀😀"));
    }

    [Fact]
    public void Photos_of_the_web_whose_addresses_or_ids_are_endless_are_left_out_with_a_notice_and_those_of_an_album_are_not()
    {
        var address = $"https://example.com/{new string('x', 2_048)}";
        var post = new Post("id", "https://example.com/1", SourceNames.Mastodon, "ann");
        var good = new SourcePhoto("id#0", post, PhotoLocator.At("https://example.com/1.jpg"));
        var path = new SourcePhoto(new string('p', 3_000), new Post(new string('p', 3_000)), PhotoLocator.InAlbum("talk", new string('p', 3_000)));

        var (photos, notices) = PhotoBounds.Apply(
        [
            good,
            good with { Id = new string('i', 513) },
            good with { Post = post with { Id = new string('i', 513) } },
            good with { Post = post with { Url = address } },
            good with { Post = post with { Author = new string('a', 513) } },
            good with { Locator = PhotoLocator.At(address) },
            good with { Locator = PhotoLocator.At("https://example.com/1.jpg", address) },
            good with { Locator = PhotoLocator.VideoAt("https://example.com/1.jpg", address) },
            path,
        ]);

        Assert.Equal([good, path], photos);
        Assert.Contains("too long", Assert.Single(notices), StringComparison.Ordinal);
    }

    private static string? DescriptionOf(string description) => Assert.Single(
        PhotoBounds.Apply([new SourcePhoto("id", new Post("id", Description: description), PhotoLocator.At("https://example.com/1.jpg"))]).Photos).Post.Description;
}
