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
        var own = Enumerable.Repeat(new AlbumPhoto(1, 0.7f), 100);
        Assert.Equal(0, fixture.Engine.AlbumMarginOf([.. Strangers(99, near: 30, from: 1.15f), .. own]));

        var together = new AlbumPhoto(2, 0.7f);
        Assert.True(fixture.Engine.AlbumMarginOf([.. Strangers(99, near: 30, from: 1.15f), .. own, together]) > 0);
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
