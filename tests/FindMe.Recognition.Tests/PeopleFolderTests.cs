using System.Runtime.Versioning;

namespace FindMe.Recognition.Tests;

public sealed class PeopleFolderTests(PeopleFixture fixture)
{
    [Fact]
    public void A_copy_among_strangers_is_skipped_and_the_person_keeps_the_photo()
    {
        using var team = Team(
            ("Ada/1.jpg", "Ada/1.jpg"),
            ("Bob/1.jpg", "Bob/1.jpg"),
            ("Ada/1.jpg", "unknown/party/ada.jpg"),
            ("Bob/1.jpg", "unknown/party/bob.jpg"),
            ("unknown/stranger0.jpg", "unknown/party/guest.jpg"));

        var trained = Train(team.Path);

        Assert.Equal(
            ["unknown/party/ada.jpg: the same photo is in Ada too: remove it from one of the folders", "unknown/party/bob.jpg: the same photo is in Bob too: remove it from one of the folders"],
            trained.Skipped.Select(photo => $"{photo.Photo}: {photo.Problem}"));
        Assert.Equal(["Ada/1.jpg", "Bob/1.jpg", "unknown/party/guest.jpg"], trained.Folder.Faces.Select(face => face.Photo));
    }

    [Fact]
    public void Hidden_files_links_to_folders_and_other_files_are_ignored()
    {
        using var team = Team(("Ada/1.jpg", "Ada/1.jpg"), ("Ada/1.jpg", ".git/1.jpg"), ("Bob/1.jpg", ".thumbnails/1.jpg"), ("Bob/2.jpg", "Ada/.2.jpg"));
        File.WriteAllText(team["Ada/notes.txt"], "no photo");
        File.WriteAllText(team["Ada/Thumbs.db"], "no photo");
        Directory.CreateSymbolicLink(team["Ada/loop"], team.Path);
        Directory.CreateSymbolicLink(team["Cy"], Path.Combine(fixture.Folder, "Cy"));
        Directory.CreateDirectory(team["Bob"]);
        File.CreateSymbolicLink(team["Bob/link.jpg"], Path.Combine(fixture.Folder, "Bob/1.jpg"));
        File.CreateSymbolicLink(team["Bob/nowhere.jpg"], team["nowhere.jpg"]);
        using var elsewhere = new TemporaryFolder();
        Directory.CreateSymbolicLink(elsewhere["team"], team.Path);

        var trained = Train(elsewhere["team"]);

        Assert.Equal(["Ada", "Bob"], trained.Model.People);
        Assert.Equal(["Ada/1.jpg", "Bob/link.jpg"], trained.Folder.Faces.Select(face => face.Photo));
        Assert.Equal(
            ["Ada/loop: links to folders are not followed", "Bob/nowhere.jpg: it does not exist", "Cy: links to folders are not followed"],
            trained.Skipped.Select(skipped => $"{skipped.Photo}: {skipped.Problem}").Order(StringComparer.Ordinal));
        Assert.Equal((3, 2), (trained.Photos, trained.OtherFiles));
    }

    [Fact]
    [SupportedOSPlatform("linux")]
    public async Task An_unreadable_folder_is_reported_and_training_uses_the_others()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Needs Linux to take root's permission to read every file.");
        using var team = Team(("Ada/1.jpg", "Ada/1.jpg"), ("Ada/2.jpg", "Ada/private/2.jpg"), ("Bob/1.jpg", "Bob/1.jpg"), ("Bob/2.jpg", "lost+found/2.jpg"));
        string[] closed = ["Ada/private", "lost+found"];
        Array.ForEach(closed, folder => File.SetUnixFileMode(team[folder], UnixFileMode.None));
        try
        {
            string[] train = [DemoPhotos.AppPath("FindMe.Cli", "findme"), "people", "train", team.Path, "-o", team["team.findme"], "--augment", "0"];
            var result = Environment.IsPrivilegedProcess
                ? await Shell.RunAsync("setpriv", ["--bounding-set=-dac_override,-dac_read_search", "dotnet", .. train])
                : await Shell.RunAsync("dotnet", train);

            Assert.Equal(
                [
                    "findme: Skipped Ada/private: the folder cannot be read: ask its owner for permission.",
                    "findme: Skipped lost+found: the folder cannot be read: ask its owner for permission.",
                ],
                result.Errors.TrimEnd().Split('\n').Order(StringComparer.Ordinal));
            Assert.Equal((0, "2 people, 2 photos of them, 0 faces of strangers; 2 skipped, 0 other files, 0 pictures of nobody"), (result.Code, result.Lines[0]));
            Assert.Equal(["Ada", "Bob"], PeopleModel.Load(team["team.findme"]).People);
        }
        finally
        {
            Array.ForEach(closed, folder => File.SetUnixFileMode(team[folder], UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute));
        }
    }

    [Fact]
    public void Too_many_people_are_rejected_before_any_photo_is_read()
    {
        using var team = new TemporaryFolder();
        for (var person = 0; person <= 2_000; person++)
        {
            Directory.CreateDirectory(team[$"{person}"]);
        }

        var read = 0;
        var exception = Assert.Throws<PeopleException>(() => Train(team.Path, (_, _) => read++));

        Assert.Equal((0, $"{team.Path} holds 2,001 people: the maximum is 2,000."), (read, exception.Message));
    }

    [Fact]
    public void A_photo_reported_as_done_is_not_read_again()
    {
        using var team = Team(("Ada/1.jpg", "Ada/1.jpg"), ("Ada/2.jpg", "Ada/2.jpg"), ("Ada/3.jpg", "Ada/3.jpg"), ("Bob/1.jpg", "Bob/1.jpg"));
        var kept = Train(team.Path);

        var vanished = Train(team.Path, (done, all) =>
        {
            if (done == all)
            {
                Directory.Delete(team["Ada"], recursive: true);
                File.WriteAllText(team["Bob/1.jpg"], "no photo any more");
            }
        });

        Assert.All(vanished.Folder.Faces, face => Assert.Single(face.Copies));
        Assert.Equal(kept.Model.Head.Weights, vanished.Model.Head.Weights);

        // Measuring the exported model is the exception: it reads the holdout photos again, and fails if they are missing.
        var exception = Assert.Throws<PeopleException>(() => ExportedPeople.Measure(fixture.Engine, vanished, eightBit: true, TestContext.Current.CancellationToken));
        Assert.Contains("can no longer be read", exception.Message, StringComparison.Ordinal);
    }

    private TrainedPeople Train(string folder, Action<int, int>? progress = null) => PeopleTraining.Train(
        fixture.Engine, folder, new PeopleOptions { Augmentations = 1 }, progress, TestContext.Current.CancellationToken);

    /// <summary>Creates a folder with copies of the fixture's photos.</summary>
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
