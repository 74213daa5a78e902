namespace FindMe.Recognition.Tests;

public sealed class PeopleFolderTests(PeopleFixture fixture)
{
    [Fact]
    public void A_copy_among_a_strangers_photos_is_skipped_alone_and_the_person_keeps_the_photo()
    {
        using var team = Team(
            ("Ada/1.jpg", "Ada/1.jpg"),
            ("Bob/1.jpg", "Bob/1.jpg"),
            ("Ada/1.jpg", "unknown/party/ada.jpg"),
            ("Bob/1.jpg", "unknown/party/bob.jpg"),
            ("unknown/stranger0.jpg", "unknown/party/guest.jpg"));

        var trained = Train(team);

        Assert.Equal(
            ["unknown/party/ada.jpg: the same photo lies in Ada: whose is it?", "unknown/party/bob.jpg: the same photo lies in Bob: whose is it?"],
            trained.Skipped.Select(photo => $"{photo.Photo}: {photo.Problem}"));
        Assert.Equal(["Ada/1.jpg", "Bob/1.jpg", "unknown/party/guest.jpg"], trained.Folder.Faces.Select(face => face.Photo));
    }

    private TrainedPeople Train(TemporaryFolder team, Action<int, int>? progress = null) => PeopleTraining.Train(
        fixture.Engine, team.Path, new PeopleOptions { Augmentations = 1 }, progress, TestContext.Current.CancellationToken);

    /// <summary>A folder of copies of the fixture's photos.</summary>
    private TemporaryFolder Team(params (string From, string To)[] photos)
    {
        var team = new TemporaryFolder();
        foreach (var (from, to) in photos)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(team[to])!);
            File.Copy(Path.Combine(fixture.Folder, from), team[to]);
        }

        return team;
    }
}
