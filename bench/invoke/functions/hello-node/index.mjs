export default () => ({ hello: 'world' });
