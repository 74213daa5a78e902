// search_request → list a page of the source → write it to the state store → one tweet_image a photo.
using FindMe.Collect;
using FindMe.Networks;
using FindMe.Hosting;
using FindMe.Pipeline;

var builder = WebApplication.CreateBuilder(args);

builder.AddAppDefaults();
builder.AddPipeline();
builder.Services.AddPhotoSources();
builder.Services.AddOptOuts();
builder.Services.AddSearchRequests();
builder.Services.AddDeadLetters();

var app = builder.Build();

app.MapAppDefaults();
app.MapPipeline();
app.MapSearchRequests();
app.MapDeadLetters();

app.Run();
