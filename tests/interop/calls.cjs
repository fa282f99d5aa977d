// Makes calls with Pipedrive's npm packages. Each line of standard input is one call, as JSON:
//   {"client", "settings", "call", "args"}
// and is answered by one line of standard output: {"value"} or {"thrown"}, which is what a
// program that uses the package would see.
'use strict';
const readline = require('node:readline');

const clients = {
  // Version 33, generated for axios: its parameters have names, its errors are the bodies of the answers.
  axios: (settings) => {
    const { ChannelsApi, Configuration } = require('pipedrive/v1');
    const api = new ChannelsApi(new Configuration(settings));
    return {
      addChannel: (channel) => api.addChannel({ AddChannelRequest: channel }),
      receiveMessage: (message) => api.receiveMessage({ ReceiveMessageRequest: message }),
      deleteConversation: (channel, conversation) => api.deleteConversation({ channel_id: channel, conversation_id: conversation }),
      deleteChannel: (id) => api.deleteChannel({ id }),
    };
  },
  // Version 23, for superagent: its parameters have an order, its exceptions hold the answer.
  superagent: ({ basePath, accessToken }) => {
    const { ApiClient, ChannelsApi } = require('pipedrive-superagent');
    const client = new ApiClient();
    client.basePath = basePath;
    client.authentications.oauth2.accessToken = accessToken;
    return new ChannelsApi(client);
  },
  // The OAuth life cycle of version 33, ending in a call with the token it got.
  oauth: (settings) => {
    const { ChannelsApi, Configuration, OAuth2Configuration } = require('pipedrive/v1');
    const oauth = new OAuth2Configuration(settings);
    return {
      authorize: (code) => oauth.authorize(code),
      authorizeRefreshAndCall: async (code, channel) => {
        await oauth.authorize(code);
        const first = oauth.accessToken;
        await oauth.tokenRefresh();
        const api = new ChannelsApi(new Configuration({ accessToken: oauth.getAccessToken, basePath: oauth.basePath }));
        const added = await api.addChannel({ AddChannelRequest: channel });
        return { added, basePath: oauth.basePath, scope: oauth.scope, expiresIn: oauth.expiresIn, renewed: first !== oauth.accessToken };
      },
    };
  },
};

function seen(thrown) {
  if (thrown.context && thrown.context.body) {
    return { name: thrown.constructor.name, status: thrown.context.status, ...thrown.context.body };
  }
  return thrown instanceof Error ? { name: thrown.name, message: thrown.message } : thrown;
}

(async () => {
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const { client, settings, call, args } = JSON.parse(line);
    let answer;
    try {
      answer = { value: await clients[client](settings)[call](...args) };
    } catch (thrown) {
      answer = { thrown: seen(thrown) };
    }
    console.log(JSON.stringify(answer));
  }
})();
