namespace FindMe.Faces.Tests;

public sealed class AlbumMarginTests(EngineFixture fixture)
{
    [Fact]
    public void An_album_of_strangers_who_are_far_away_has_no_margin() =>
        Assert.Equal(0, fixture.Engine.AlbumMarginOf(Strangers(200, near: 9, from: 1.1f)));

    [Fact]
    public void Where_more_than_one_stranger_in_20_is_near_the_margin_is_how_near_the_20th_part_is()
    {
        // The tenth of 200 is the last that does not count: the distances are 1.2, 1.201, … 1.229.
        var margin = fixture.Engine.AlbumMarginOf(Strangers(200, near: 30, from: 1.2f));

        Assert.Equal(1.25f - 1.209f, margin, 1e-4f);
    }

    [Fact]
    public void The_margin_has_a_limit() => Assert.Equal(0.07f, fixture.Engine.AlbumMarginOf(Strangers(200, near: 30, from: 1.08f)), 1e-6f);

    [Fact]
    public void The_order_of_the_photos_does_not_matter()
    {
        var photos = Strangers(150, near: 20, from: 1.15f).ToArray();
        var margin = fixture.Engine.AlbumMarginOf(photos);
        for (var seed = 0; seed < 20; seed++)
        {
            new Random(seed).Shuffle(photos);
            Assert.Equal(margin, fixture.Engine.AlbumMarginOf(photos));
        }
    }

    [Fact]
    public void The_persons_own_photos_do_not_count_as_background_but_the_others_on_them_do()
    {
        var own = Enumerable.Repeat(new AlbumPhoto(1, 0.7f), 5);
        Assert.Equal(0, fixture.Engine.AlbumMarginOf([.. Strangers(99, near: 30, from: 1.15f), .. own]));

        var together = new AlbumPhoto(2, 0.7f);
        Assert.True(fixture.Engine.AlbumMarginOf([.. Strangers(99, near: 30, from: 1.15f), .. own, together]) > 0);
    }

    [Fact]
    public void An_album_that_shows_the_person_often_has_no_margin_since_their_poor_photos_would_pass_for_strangers() =>
        Assert.Equal(0, fixture.Engine.AlbumMarginOf([.. Strangers(200, near: 50, from: 1.1f), .. Enumerable.Repeat(new AlbumPhoto(1, 0.7f), 21)]));

    [Fact]
    public void Copies_of_a_picture_count_once_and_not_at_all_if_one_of_them_is_a_match()
    {
        var fingerprints = Enumerable.Range(0, 2).Select(seed => PhotoFingerprint.TryParse(Convert.ToHexStringLower(RandomBytes(seed)))).ToList();
        AlbumPhoto[] others = [.. Strangers(200, near: 9, from: 1.2f)];
        var copies = Enumerable.Repeat(new AlbumPhoto(0, 1.1f, fingerprints[0]), 20);

        // The tenth is the last of the strangers.
        Assert.Equal(1.25f - 1.208f, fixture.Engine.AlbumMarginOf([.. copies, .. others]), 1e-4f);
        Assert.Equal(0, fixture.Engine.AlbumMarginOf([new AlbumPhoto(1, 0.9f, fingerprints[0]), .. copies, .. others]));
        Assert.Equal(1.25f - 1.207f, fixture.Engine.AlbumMarginOf([new AlbumPhoto(0, 1.12f, fingerprints[1]), .. copies, .. others]), 1e-4f);

        static byte[] RandomBytes(int seed)
        {
            var bytes = new byte[32];
            new Random(seed).NextBytes(bytes);
            return bytes;
        }
    }

    [Fact]
    public void An_operators_distances_change_no_margin()
    {
        using var engine = FaceEngine.Load(new FaceEngineOptions { ModelsPath = EngineFixture.ModelsPath, MatchDistance = 0.95f });
        AlbumPhoto[] photos = [.. Strangers(200, near: 2, from: 1.2f), .. Enumerable.Repeat(new AlbumPhoto(1, 1.0f), 18)];

        Assert.Equal(0, engine.AlbumMarginOf(photos));
    }

    [Fact]
    public void A_small_album_has_no_margin_since_its_nearest_strangers_are_chance() =>
        Assert.Equal(0, fixture.Engine.AlbumMarginOf(Strangers(99, near: 50, from: 1.08f)));

    [Fact]
    public void Recipes_whose_distances_were_not_measured_on_albums_have_no_margin()
    {
        var recipe = RecognitionRecipe.Load(Path.Combine(EngineFixture.ModelsPath, "dlib.json"));

        Assert.Equal(0, AlbumBackground.MarginOf(Strangers(200, near: 50, from: 0.53f), recipe.MatchDistance, recipe.OtherPersonDistance, recipe.AlbumMargin));
    }

    // One stranger a photo; those who are near lie 0.001 apart.
    private static IEnumerable<AlbumPhoto> Strangers(int count, int near, float from) =>
        Enumerable.Range(0, count).Select(number => new AlbumPhoto(1, number < near ? from + (0.001f * number) : null));
}
